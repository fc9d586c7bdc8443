// Prints what the HTTP Observatory says of a host, as JSON. The scanner is called as its own command does.
import { existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { scan } from "@mdn/mdn-http-observatory";

// The names that browsers know beforehand are not in the package, and come from elsewhere: here none is known.
const known = fileURLToPath(
  new URL("../conf/hsts-preload.json", import.meta.resolve("@mdn/mdn-http-observatory")),
);
if (!existsSync(known)) writeFileSync(known, "{}");
console.log(JSON.stringify(await scan(process.argv[2])));
