// Runs tfjs/model.json of each case in TensorFlow.js:  node run_tfjs.js MODULES CASE...
// MODULES: the folder with node_modules/@tensorflow/tfjs and tfjs-backend-wasm; tests/exports/install_tfjs makes it.
const fs = require("fs");
const path = require("path");
const {fromFiles} = require("./files.js");

const modules = path.resolve(process.argv[2], "node_modules");
const tf = require(path.join(modules, "@tensorflow/tfjs"));
const wasm = require(path.join(modules, "@tensorflow/tfjs-backend-wasm"));

async function run(folder) {
  const about = JSON.parse(fs.readFileSync(path.join(folder, "case.json")));
  const pixels = new Uint8Array(fs.readFileSync(path.join(folder, "pixels.bin")));
  const model = await tf.loadLayersModel(fromFiles(path.join(folder, "tfjs")));
  const photos = tf.tensor4d(pixels, [about.photos, about.height, about.width, 3], "int32");
  const scores = await model.predict(photos.toFloat()).array();
  const classes = model.getUserDefinedMetadata().siskin.classes;
  model.dispose();
  return {case: folder, tfjs: {scores, classes}};
}

async function main() {
  wasm.setWasmPaths(path.join(modules, "@tensorflow/tfjs-backend-wasm/dist/"));
  await tf.setBackend("wasm");
  for (const folder of process.argv.slice(3)) console.log(JSON.stringify(await run(folder)));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
