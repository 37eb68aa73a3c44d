// What tf.loadLayersModel(url) fetches in a browser, from the files of a folder.
const fs = require("fs");
const path = require("path");

exports.fromFiles = (folder) => ({
  load: async () => {
    const index = JSON.parse(fs.readFileSync(path.join(folder, "model.json")));
    const [group] = index.weightsManifest;
    const bytes = Buffer.concat(group.paths.map((name) => fs.readFileSync(path.join(folder, name))));
    return {
      modelTopology: index.modelTopology,
      weightSpecs: group.weights,
      weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      userDefinedMetadata: index.userDefinedMetadata,
    };
  },
});
