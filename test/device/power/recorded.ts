/** Trees of /sys as boards have them, written after the kernel's and the vendors' documentation. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export type Tree = Readonly<Record<string, string>>;

export async function writeTree(root: string, tree: Tree): Promise<void> {
  for (const [path, text] of Object.entries(tree)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${text}\n`);
  }
}

const channel = (folder: string, n: number, label: string, millivolts: number, milliamperes: number): Tree => ({
  [`${folder}/in${n}_label`]: label,
  [`${folder}/in${n}_enable`]: '1',
  [`${folder}/in${n}_input`]: `${millivolts}`,
  [`${folder}/curr${n}_input`]: `${milliamperes}`,
});

/** Jetson Orin Nano, L4T 35: a temperature sensor beside the chip; VDD_IN feeds the other two. */
export const orinNano: Tree = {
  'class/hwmon/hwmon0/name': 'tmp451',
  'class/hwmon/hwmon0/temp1_input': '45000',
  'class/hwmon/hwmon1/name': 'ina3221',
  ...channel('class/hwmon/hwmon1', 1, 'VDD_IN', 5080, 960),
  ...channel('class/hwmon/hwmon1', 2, 'VDD_CPU_GPU_CV', 5080, 200),
  ...channel('class/hwmon/hwmon1', 3, 'VDD_SOC', 5080, 280),
};

/** AGX Xavier: two chips, no rail for the input, a channel that is not wired. */
export const xavier: Tree = {
  'class/hwmon/hwmon2/name': 'ina3221',
  ...channel('class/hwmon/hwmon2', 1, 'GPU', 19_000, 100),
  ...channel('class/hwmon/hwmon2', 2, 'CPU', 19_000, 50),
  ...channel('class/hwmon/hwmon2', 3, 'NC', 19_000, 9999),
  'class/hwmon/hwmon3/name': 'ina3221',
  ...channel('class/hwmon/hwmon3', 1, 'SYS5V', 5000, 400),
};

const rail = (folder: string, n: number, name: string, milliwatts: number): Tree => ({
  [`${folder}/rail_name_${n}`]: name,
  [`${folder}/in_power${n}_input`]: `${milliwatts}`,
});

/** Jetson Nano, L4T 32. */
export const jetsonNano: Tree = {
  'bus/i2c/drivers/ina3221x/6-0040/iio:device0/name': 'ina3221x',
  ...rail('bus/i2c/drivers/ina3221x/6-0040/iio:device0', 0, 'POM_5V_IN', 2450),
  ...rail('bus/i2c/drivers/ina3221x/6-0040/iio:device0', 1, 'POM_5V_GPU', 0),
  ...rail('bus/i2c/drivers/ina3221x/6-0040/iio:device0', 2, 'POM_5V_CPU', 490),
};

/** Jetson TX2: two chips, the input on the second. */
export const tx2: Tree = {
  ...rail('bus/i2c/drivers/ina3221x/0-0040/iio:device0', 0, 'VDD_SYS_GPU', 152),
  ...rail('bus/i2c/drivers/ina3221x/0-0040/iio:device0', 1, 'VDD_SYS_SOC', 457),
  ...rail('bus/i2c/drivers/ina3221x/0-0040/iio:device0', 2, 'VDD_4V0_WIFI', 19),
  ...rail('bus/i2c/drivers/ina3221x/0-0041/iio:device1', 0, 'VDD_IN', 3120),
  ...rail('bus/i2c/drivers/ina3221x/0-0041/iio:device1', 1, 'VDD_SYS_CPU', 152),
  ...rail('bus/i2c/drivers/ina3221x/0-0041/iio:device1', 2, 'VDD_SYS_DDR', 1069),
};

/** A laptop on its battery, with a mouse that has one too. */
export const laptop: Tree = {
  'class/power_supply/AC/type': 'Mains',
  'class/power_supply/AC/online': '0',
  'class/power_supply/BAT0/type': 'Battery',
  'class/power_supply/BAT0/status': 'Discharging',
  'class/power_supply/BAT0/power_now': '7340000',
  'class/power_supply/hidpp_battery_0/type': 'Battery',
  'class/power_supply/hidpp_battery_0/scope': 'Device',
  'class/power_supply/hidpp_battery_0/status': 'Discharging',
};

/** A UPS of a Raspberry Pi whose driver tells a negative current while it empties. */
export const ups: Tree = {
  'class/power_supply/max17040/type': 'Battery',
  'class/power_supply/max17040/status': 'Discharging',
  'class/power_supply/max17040/current_now': '-900000',
  'class/power_supply/max17040/voltage_now': '3800000',
};

/** `vcgencmd pmic_read_adc` on a Raspberry Pi 5, some rails of it. EXT5V and the battery have a voltage alone. */
export const pmic = `   3V7_WL_SW_A current(0)=0.00390372A
   3V3_SYS_A current(1)=0.09857000A
   1V8_SYS_A current(2)=0.17566740A
     VDD_CORE_A current(7)=0.72704000A
   3V7_WL_SW_V volt(8)=3.71465600V
   3V3_SYS_V volt(9)=3.32074800V
   1V8_SYS_V volt(10)=1.80097500V
     VDD_CORE_V volt(15)=0.72013990V
      EXT5V_V volt(24)=5.14875600V
      BATT_V volt(25)=0.00000000V
`;
/** Watts of it, by hand. */
export const pmicW = 0.00390372 * 3.714656 + 0.09857 * 3.320748 + 0.1756674 * 1.800975 + 0.72704 * 0.7201399;
