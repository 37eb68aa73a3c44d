#include "export/export_usage.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"

namespace siskin {
namespace {

// Python with Pillow, whose arithmetic of resizing and composing is Siskin's: the pixels are the same to the last bit.
// A large JPEG is decoded at a fraction of its size by both (DecodeOptionsFor).
constexpr char kOpen[] = R"(photo = Image.open("photo.jpg")
)";
constexpr char kDraft[] = R"(photo.draft("RGB", ({draft}, {draft}))  # a large JPEG is decoded smaller, as by siskin
)";
constexpr char kCompose[] = R"(photo = ImageOps.exif_transpose(photo).convert("RGBA")  # upright
paper = Image.new("RGB", photo.size, "white")
paper.paste(photo, mask=photo)  # transparent pixels become white
)";
constexpr char kSquash[] = R"(pixels = paper.resize(({width}, {height}), Image.{filter})
)";
constexpr char kPad[] = R"((w, h), (W, H) = paper.size, ({width}, {height})  # as large as fits, on grey
fit = (W, max((h * W + w // 2) // w, 1)) if w * H >= h * W else (max((w * H + h // 2) // h, 1), H)
pixels = Image.new("RGB", (W, H), (127, 127, 127))
pixels.paste(paper.resize(fit, Image.{filter}), ((W - fit[0]) // 2, (H - fit[1]) // 2))
)";
constexpr char kCrop[] = R"((w, h), (W, H) = paper.size, ({width}, {height})  # the largest part that fits
cut = (max((h * W + H // 2) // H, 1), h) if w * H >= h * W else (w, max((w * H + W // 2) // W, 1))
x, y = (w - cut[0]) // 2, (h - cut[1]) // 2
pixels = paper.crop((x, y, x + cut[0], y + cut[1])).resize((W, H), Image.{filter})
)";

constexpr char kOnnxImports[] = R"(import numpy, onnxruntime
from PIL import Image, ImageOps

)";
constexpr char kOnnxRun[] =
    R"(scores, label = onnxruntime.InferenceSession({file}).run(None, {{"image": numpy.array(pixels)[None]}})
)";
constexpr char kKerasImports[] = R"(import keras, numpy
from PIL import Image, ImageOps

)";
constexpr char kKerasRun[] =
    R"(scores = keras.models.load_model({file}).predict(numpy.array(pixels, "float32")[None])
)";

// A browser turns photos upright by itself, but its canvas leaves pixels out when it shrinks one. So the resizing is
// written out: Siskin's arithmetic, which is Pillow's (kernels/resize), in numbers of JavaScript.
constexpr char kTfjsBegin[] = R"(const [W, H] = [{width}, {height}];
const model = await tf.loadLayersModel({file});
const photo = await (await fetch("photo.jpg")).blob();
const bitmap = await createImageBitmap(photo, {{imageOrientation: "from-image", colorSpaceConversion: "none"}});
)";
constexpr char kTfjsWhole[] = R"(const [x, y, w, h] = [0, 0, bitmap.width, bitmap.height];
)";
constexpr char kTfjsCut[] = R"(// The largest part that fits, in the middle.
const wide = bitmap.width * H >= bitmap.height * W;
const w = wide ? Math.max(Math.floor((bitmap.height * W + Math.floor(H / 2)) / H), 1) : bitmap.width;
const h = wide ? bitmap.height : Math.max(Math.floor((bitmap.width * H + Math.floor(W / 2)) / W), 1);
const x = Math.floor((bitmap.width - w) / 2), y = Math.floor((bitmap.height - h) / 2);
)";
constexpr char kTfjsFill[] = R"(const [fitW, fitH] = [W, H];
)";
constexpr char kTfjsFit[] = R"(// As large as fits.
const wide = w * H >= h * W;
const fitW = wide ? W : Math.max(Math.floor((w * H + Math.floor(h / 2)) / h), 1);
const fitH = wide ? Math.max(Math.floor((h * W + Math.floor(w / 2)) / w), 1) : H;
)";
constexpr char kTfjsPixels[] = R"(const canvas = new OffscreenCanvas(w, h).getContext("2d");
canvas.fillStyle = "white";  // transparent pixels become white
canvas.fillRect(0, 0, w, h);
canvas.drawImage(bitmap, -x, -y);
const pixels = canvas.getImageData(0, 0, w, h);

// Resizes the width (side 0) or the height (1) as Pillow does, which a canvas does not.
const resize = ({{data, width, height}}, side, to) => {{
  const [from, lines] = side ? [height, width] : [width, height];
  const at = (size, i, line) => 4 * (side ? i * lines + line : line * size + i);
  const out = new Uint8Array(4 * to * lines), scale = from / to;
)";
constexpr char kTfjsNearest[] = R"(  for (let i = 0, position = scale / 2; i < to; ++i, position += scale) {{
    const nearest = Math.min(Math.floor(position), from - 1);
    for (let line = 0; line < lines; ++line) {{
      for (let c = 0; c < 3; ++c) out[at(to, i, line) + c] = data[at(from, nearest, line) + c];
    }}
  }}
)";
constexpr char kTfjsFiltered[] = R"(  const filter = Math.max(scale, 1), reach = filter * {reach};
  for (let i = 0; i < to; ++i) {{
    const center = (i + 0.5) * scale, first = Math.max(Math.trunc(center - reach + 0.5), 0);
    const count = Math.min(Math.trunc(center + reach + 0.5), from) - first;
    const weights = Array.from({{length: count}}, (_, t) => {{
      const d = (t + first - center + 0.5) * (1 / filter);
      return {weight};
    }});
    const sum = weights.reduce((a, b) => a + b);
    const fixed = weights.map((weight) => Math.trunc(0.5 + weight / sum * 2 ** 22));
    for (let line = 0; line < lines; ++line) {{
      for (let c = 0; c < 3; ++c) {{
        let value = 2 ** 21;
        for (let t = 0; t < count; ++t) value += fixed[t] * data[at(from, first + t, line) + c];
        out[at(to, i, line) + c] = value >> 22;
      }}
    }}
  }}
)";
constexpr char kTfjsEnd[] = R"(  return side ? {{data: out, width, height: to}} : {{data: out, width: to, height}};
}};
const heightFirst = fitH < h && h - fitH > 2 * (w - fitW);
const resized = heightFirst ? resize(resize(pixels, 1, fitH), 0, fitW) : resize(resize(pixels, 0, fitW), 1, fitH);
)";
constexpr char kTfjsRun[] = R"(const image = tf.browser.fromPixels(resized).toFloat();
const scores = await model.predict(image.expandDims()).data();
)";
constexpr char kTfjsRunOnGrey[] = R"(const left = Math.floor((W - fitW) / 2), top = Math.floor((H - fitH) / 2);
const bars = [[top, H - fitH - top], [left, W - fitW - left], [0, 0]];
const image = tf.browser.fromPixels(resized).toFloat().pad(bars, 127);
const scores = await model.predict(image.expandDims()).data();
)";

constexpr char kSafetensors[] = R"(siskin predict {printable} photo.jpg
)";
constexpr char kC[] =
    R"(siskin_classifier* {name} = siskin_open_memory({name}_model, sizeof {name}_model, 0, &error);
int label = siskin_classify_photo({name}, jpeg, jpeg_bytes, scores, &error);  // or siskin_classify_pixels
puts(label < 0 ? error.message : {name}_class_names[label]);
)";

struct Filter {
  const char* pillow;
  const char *weight, *reach;  // at the distance d, and up to where there are any; in JavaScript
};

Filter FilterOf(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::kNearest:
      return {"NEAREST", "", ""};
    case Interpolation::kBilinear:
      return {"BILINEAR", "Math.max(1 - Math.abs(d), 0)", "1"};
    case Interpolation::kArea:
      return {"BOX", "d > -0.5 && d <= 0.5 ? 1 : 0", "0.5"};
  }
  return {};
}

std::string PythonResize(const Preprocessing& p) {
  std::string text = kOpen;
  if (DecodeOptionsFor(p).min_side > 0) text += kDraft;
  text += kCompose;
  switch (p.resize) {
    case ResizeMode::kSquash:
      return text + kSquash;
    case ResizeMode::kPad:
      return text + kPad;
    case ResizeMode::kCrop:
      return text + kCrop;
  }
  return text;
}

std::string JavascriptResize(const Preprocessing& p) {
  std::string text = p.resize == ResizeMode::kCrop ? kTfjsCut : kTfjsWhole;
  text += p.resize == ResizeMode::kPad ? kTfjsFit : kTfjsFill;
  text += kTfjsPixels;
  text += p.interpolation == Interpolation::kNearest ? kTfjsNearest : kTfjsFiltered;
  return text + kTfjsEnd;
}

// The lines with their gaps.
std::string Template(std::string_view target, const Preprocessing& p) {
  if (target == "onnx") return kOnnxImports + PythonResize(p) + kOnnxRun;
  if (target == "keras") return kKerasImports + PythonResize(p) + kKerasRun;
  if (target == "tfjs") {
    return kTfjsBegin + JavascriptResize(p) + (p.resize == ResizeMode::kPad ? kTfjsRunOnGrey : kTfjsRun);
  }
  if (target == "safetensors") return kSafetensors;
  if (target == "c") return kC;
  return "";
}

}  // namespace

std::string ExportUsage(std::string_view target, const std::filesystem::path& file, const Preprocessing& p) {
  const Filter filter = FilterOf(p.interpolation);
  return fmt::format(
      fmt::runtime(Template(target, p)),
      fmt::arg("file", ToText(Json(ToValidUtf8(file.native())))),  // a text of JSON is one of Python and of JavaScript
      fmt::arg("printable", Printable(file.native())), fmt::arg("name", Printable(file.stem().native())),
      fmt::arg("width", p.width), fmt::arg("height", p.height), fmt::arg("draft", DecodeOptionsFor(p).min_side),
      fmt::arg("filter", filter.pillow), fmt::arg("weight", filter.weight), fmt::arg("reach", filter.reach));
}

}  // namespace siskin
