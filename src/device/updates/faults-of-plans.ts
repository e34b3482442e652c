/** What an agent ends with, and whose fault it is. */

/** The broker's or the network's: they say nothing about the plan that ran. */
export const isOfTheNetwork = (code: string): boolean => /^(BROKER_|CANCELLED$)/.test(code);

/** The plan's, or its files': another try comes to the same. */
export const isOfThePlanItself = (code: string): boolean =>
  /^(PLAN_|MODEL_|HEAD_|CODEC_|CAP_|TENSOR_|ENGINE_LOAD|ENGINE_MEMORY|PREPROCESSING_|ACTIVATION_)/.test(code);

/** A file is not what it was when its plan was fetched. */
export const isOfTheDisk = (code: string): boolean =>
  /^(FILE_|LINK_|PLAN_INVALID$|PLAN_ALTERED$|PLAN_OTHER_FILE$)/.test(code);
