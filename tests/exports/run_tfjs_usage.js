// Runs what `siskin export --to tfjs` printed:  node run_tfjs_usage.js MODULES CASE...
// MODULES as in run_tfjs.js. A case is a folder with usage.txt, photos.txt and what decode.py made of the photos. What
// belongs to a browser is replaced: fetch gives the photo's number, createImageBitmap its pixels (upright, as
// "from-image" asks a browser for), OffscreenCanvas fills, draws and gives back. Prints a line of JSON a case, with the
// scores of each photo.
const fs = require("fs");
const path = require("path");
const {fromFiles} = require("./files.js");

const modules = path.resolve(process.argv[2], "node_modules");
const tf = require(path.join(modules, "@tensorflow/tfjs"));
const wasm = require(path.join(modules, "@tensorflow/tfjs-backend-wasm"));

class OffscreenCanvas {
  constructor(width, height) {
    Object.assign(this, {width, height, data: new Uint8Array(width * height * 4)});
  }

  getContext() {
    return this;
  }

  fillRect(x, y, width, height) {
    if (this.fillStyle !== "white" || x || y || width !== this.width || height !== this.height) throw new Error("fill");
    this.data.fill(255);
  }

  // Source over, at (dx, dy), clipped; on an opaque canvas.
  drawImage(bitmap, dx, dy) {
    for (let y = 0; y < this.height; ++y) {
      for (let x = 0; x < this.width; ++x) {
        const from = ((y - dy) * bitmap.width + x - dx) * 4, to = (y * this.width + x) * 4;
        const alpha = bitmap.data[from + 3];
        for (let c = 0; c < 3; ++c) {
          const value = bitmap.data[from + c] * alpha + this.data[to + c] * (255 - alpha);
          this.data[to + c] = Math.round(value / 255);
        }
      }
    }
  }

  getImageData(x, y, width, height) {
    if (x || y || width !== this.width || height !== this.height) throw new Error("part of a canvas");
    return {data: this.data, width, height};
  }
}

function bitmapOf(folder, number) {
  const size = JSON.parse(fs.readFileSync(path.join(folder, `${number}.json`)));
  return {...size, data: fs.readFileSync(path.join(folder, `${number}.rgba`))};
}

async function run(folder) {
  const usage = fs.readFileSync(path.join(folder, "usage.txt"), "utf8");
  const photos = fs.readFileSync(path.join(folder, "photos.txt"), "utf8").trim().split("\n");
  const AsyncFunction = (async () => {}).constructor;
  const ask = new AsyncFunction("tf", "fetch", "createImageBitmap", "OffscreenCanvas", usage + "\nreturn scores;");
  const ours = Object.create(tf, {
    loadLayersModel: {value: (file) => tf.loadLayersModel(fromFiles(path.dirname(file)))},
  });
  const answers = [];
  for (const number of photos.keys()) {
    const fetch = async (url) => {
      if (url !== "photo.jpg") throw new Error(url);
      return {blob: async () => number};
    };
    const createImageBitmap = async (blob, options) => {
      if (options.imageOrientation !== "from-image") throw new Error("the photo may lie on its side");
      return bitmapOf(folder, blob);
    };
    answers.push(Array.from(await ask(ours, fetch, createImageBitmap, OffscreenCanvas)));
  }
  return {answers};
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
