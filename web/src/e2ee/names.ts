import { utf8 } from "./bytes";

/**
 * Whether a name may stand in a leaf, as far as this browser's version of Unicode tells. validName, which has the table of what
 * all versions agree on, decides.
 */
export const wellFormed = (name: string): boolean =>
  name.trim() !== "" &&
  name === name.normalize("NFC") &&
  [...name].length <= 64 &&
  utf8(name).length <= 256 &&
  !/[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/u.test(name);
