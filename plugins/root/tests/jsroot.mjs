// Counts and sums of all branches of all trees of a file, as JSROOT reads them: node jsroot.mjs FOLDER FILE.
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";

const [folder, path] = process.argv.slice(2);
const module = (name) => import(pathToFileURL(`${folder}/node_modules/jsroot/modules/${name}`).href);
const { openFile } = await module("io.mjs");
const { TSelector, treeProcess } = await module("tree.mjs");

const out = {};
function add(into, value) {
    if (value === null || value === undefined) return;
    if (typeof value === "object") {
        for (const one of value) add(into, one);
        return;
    }
    into[0] += 1;
    const number = Number(value);
    if (Number.isFinite(number)) into[1] += number;
}

async function walk(file, directory, prefix) {
    for (const key of directory.fKeys) {
        if (key.fClassName === "TDirectory" || key.fClassName === "TDirectoryFile") {
            await walk(file, await file.readDirectory(prefix + key.fName), prefix + key.fName + "/");
        } else if (key.fClassName === "TTree") {
            const tree = await file.readObject(prefix + key.fName);
            const names = tree.fBranches.arr.map((branch) => branch.fName);
            for (const name of names) out[`${prefix}${key.fName} ${name}`] = [0, 0];
            if (!tree.fEntries) continue;
            const selector = new TSelector();
            names.forEach((name, i) => selector.addBranch(tree.fBranches.arr[i], `b${i}`));
            selector.Process = function () {
                names.forEach((name, i) => add(out[`${prefix}${key.fName} ${name}`], this.tgtobj[`b${i}`]));
            };
            await treeProcess(tree, selector);
        }
    }
}

const bytes = readFileSync(path);
const file = await openFile(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
await walk(file, file, "");
process.stdout.write(JSON.stringify(out));
