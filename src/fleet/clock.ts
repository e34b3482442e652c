/** Unix time, ms, of when the process began and what has passed since: a clock that is set makes nobody silent, nor a flood of anybody. */
export const steadyNow = (): number => Math.round(performance.timeOrigin + performance.now());
