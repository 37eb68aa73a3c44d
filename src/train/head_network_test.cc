// The head's forward and backward pass, losses and optimizers: against differences of a plain reference in double, and
// against curves that Keras computed from the same weights.
#include "train/head_network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/testing.h"
#include "train/loss.h"
#include "train/optimizer.h"

namespace siskin {
namespace {

using testing::FormulaUniform;

std::vector<float> Formula(uint64_t stream, size_t count, double limit) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(limit * (2 * FormulaUniform(stream, i) - 1));
  return values;
}

// Kernels and biases of the golden formula, drawn in Keras' order and layout.
std::vector<float> FormulaParameters(const HeadNetwork& network, double limit) {
  std::vector<float> parameters(network.num_parameters());
  uint64_t stream = 100;
  for (const DenseLayer& layer : network.layers()) {
    const size_t units = static_cast<size_t>(layer.units), inputs = static_cast<size_t>(layer.inputs);
    const std::vector<float> kernel = Formula(stream++, units * inputs, limit), bias = Formula(stream++, units, limit);
    Transpose(kernel, inputs, units, std::span(parameters).subspan(layer.kernel));
    std::copy(bias.begin(), bias.end(), parameters.begin() + static_cast<std::ptrdiff_t>(layer.bias));
  }
  return parameters;
}

// The mean loss of a batch, one number at a time, in double.
double ReferenceLoss(const HeadNetwork& network, const std::vector<double>& parameters, std::span<const float> x,
                     std::span<const int> labels, const LossOptions& options, float dropout, const DropoutKey* key) {
  double total = 0;
  for (size_t photo = 0; photo < labels.size(); ++photo) {
    const size_t inputs = static_cast<size_t>(network.layers()[0].inputs);
    std::vector<double> values(x.begin() + static_cast<std::ptrdiff_t>(photo * inputs),
                               x.begin() + static_cast<std::ptrdiff_t>((photo + 1) * inputs));
    for (size_t l = 0; l < network.layers().size(); ++l) {
      const DenseLayer& layer = network.layers()[l];
      const bool hidden = l + 1 < network.layers().size();
      std::vector<double> next;
      for (size_t unit = 0; unit < static_cast<size_t>(layer.units); ++unit) {
        double z = parameters[layer.bias + unit];
        for (size_t i = 0; i < values.size(); ++i) z += parameters[layer.kernel + unit * values.size() + i] * values[i];
        next.push_back(hidden ? std::max(z, 0.0) : z);
      }
      if (hidden && key != nullptr) {
        Random random(key->seed ^ (static_cast<uint64_t>(l) << 56), RandomPurpose::kDropout, key->epoch,
                      key->photos[photo]);
        for (double& value : next) value = random.Uniform() < dropout ? 0 : value / (1 - static_cast<double>(dropout));
      }
      values = next;
    }
    const size_t label = static_cast<size_t>(labels[photo]);
    const double weight = options.class_weights.empty() ? 1 : options.class_weights[label];
    if (values.size() == 1) values.insert(values.begin(), 0.0);  // a sigmoid is a softmax with a logit of 0 beside it
    double sum = 0;
    for (const double z : values) sum += std::exp(z);
    for (size_t k = 0; k < values.size(); ++k) {
      const double target =
          options.label_smoothing / static_cast<double>(values.size()) + (k == label ? 1 - options.label_smoothing : 0);
      total -= weight * target * (values[k] - std::log(sum));
    }
  }
  return total / static_cast<double>(labels.size());
}

struct GradientCase {
  const char* name;
  std::vector<int> hidden;
  int classes;
  double smoothing;
  std::vector<double> weights;
  bool dropout;
};

struct Gradients {
  std::vector<float> analytic;
  std::vector<double> numeric;
};

Gradients BothGradients(const GradientCase& c) {
  constexpr int kInputs = 7, kPhotos = 5;
  constexpr float kDropout = 0.4f;
  ThreadPool threads(2);
  HeadNetwork network(kInputs, {c.hidden, kDropout}, NumHeadOutputs(static_cast<size_t>(c.classes)), 8, threads);
  const std::vector<float> parameters = FormulaParameters(network, 0.6), x = Formula(1, kInputs * kPhotos, 1);
  std::vector<int> labels;
  for (int i = 0; i < kPhotos; ++i) labels.push_back(i % c.classes);
  const std::vector<uint32_t> photos = {4, 11, 2, 900, 3};
  const DropoutKey key{.seed = 5, .epoch = 3, .photos = photos};
  const LossOptions options{c.smoothing, c.weights};

  Gradients gradients;
  const std::span<const float> logits = network.Forward(parameters, x, kPhotos, c.dropout ? &key : nullptr);
  std::vector<float> dlogits(logits.size());
  CrossEntropy(logits, {labels}, options, kPhotos, dlogits);
  gradients.analytic.assign(network.num_parameters(), NAN);
  network.Backward(parameters, dlogits, gradients.analytic);

  std::vector<double> moved(parameters.begin(), parameters.end());
  const auto loss = [&] {
    return ReferenceLoss(network, moved, x, labels, options, kDropout, c.dropout ? &key : nullptr);
  };
  for (double& parameter : moved) {
    constexpr double kStep = 1e-5;  // error of the difference: about step^2, far below the tolerance
    const double before = parameter;
    parameter = before + kStep;
    const double above = loss();
    parameter = before - kStep;
    gradients.numeric.push_back((above - loss()) / (2 * kStep));
    parameter = before;
  }
  return gradients;
}

// Largest difference in relation to the largest gradient; NaN counts as infinite.
double WorstDifference(const Gradients& gradients) {
  double worst = 0, largest = 0;
  for (size_t i = 0; i < gradients.numeric.size(); ++i) {
    const double difference = std::abs(static_cast<double>(gradients.analytic[i]) - gradients.numeric[i]);
    worst = std::isnan(difference) ? HUGE_VAL : std::max(worst, difference);
    largest = std::max(largest, std::abs(gradients.numeric[i]));
  }
  return worst / largest;
}

constexpr double kGradientTolerance = 1e-5;  // fp32 sums of a dozen products

const std::vector<GradientCase> kGradientCases = {
    {"linear, two classes", {}, 2, 0, {}, false},
    {"one hidden layer, two classes", {6}, 2, 0, {}, false},
    {"two hidden layers, three classes", {6, 4}, 3, 0, {}, false},
    {"label smoothing, two classes", {6}, 2, 0.2, {}, false},
    {"label smoothing, three classes", {6}, 3, 0.2, {}, false},
    {"class weights", {6}, 3, 0, {0.3, 1, 2}, false},
    {"dropout", {9, 8}, 2, 0, {}, true},
    {"everything", {9, 8}, 4, 0.1, {0.3, 1, 2, 0.7}, true},
};

TEST(HeadGradient, AgreesWithCentralDifferences) {
  for (const GradientCase& c : kGradientCases)
    EXPECT_LT(WorstDifference(BothGradients(c)), kGradientTolerance) << c.name;
}

TEST(HeadGradient, OnePercentIsCaught) {
  for (const GradientCase& c : kGradientCases) {
    Gradients gradients = BothGradients(c);
    const auto largest = std::max_element(gradients.analytic.begin(), gradients.analytic.end(),
                                          [](float a, float b) { return std::abs(a) < std::abs(b); });
    *largest *= 1.01f;
    EXPECT_GT(WorstDifference(gradients), kGradientTolerance) << c.name;
  }
}

TEST(HeadNetwork, DropoutBelongsToThePhotoNotToItsPlace) {
  ThreadPool threads(2);
  HeadNetwork network(7, {{64}, 0.5f}, 3, 4, threads);
  const std::vector<float> parameters = network.InitialParameters(1);
  const std::vector<float> a = Formula(1, 7, 1), b = Formula(2, 7, 1);
  const auto logits_of = [&](const std::vector<uint32_t>& photos, uint32_t epoch) {
    std::vector<float> x;
    for (const uint32_t photo : photos)
      x.insert(x.end(), photo == 10 ? a.begin() : b.begin(), photo == 10 ? a.end() : b.end());
    const DropoutKey key{.seed = 1, .epoch = epoch, .photos = photos};
    const std::span<const float> logits = network.Forward(parameters, x, static_cast<int>(photos.size()), &key);
    return std::vector<float>(logits.begin(), logits.end());
  };
  const std::vector<float> forward = logits_of({10, 20}, 1), backward = logits_of({20, 10}, 1),
                           alone = logits_of({10}, 1);
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(forward[k], backward[3 + k]);
    EXPECT_EQ(forward[k], alone[k]);
  }
  EXPECT_NE(logits_of({10}, 2), alone) << "another epoch drops other units";
}

TEST(HeadNetwork, DropoutKeepsTheMean) {
  ThreadPool threads(1);
  HeadNetwork network(1, {{2000}, 0.25f}, 1, 1, threads);
  std::vector<float> parameters(network.num_parameters(), 0.0f);
  // Hidden units are 1, their sum is the logit: 2,000 kept units of 1, or about 1,500 of 4/3.
  std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(network.layers()[0].bias), 2000, 1.0f);
  std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(network.layers()[1].kernel), 2000, 1.0f);
  const std::vector<float> x = {0};
  const std::vector<uint32_t> photos = {0};
  const DropoutKey key{.seed = 3, .epoch = 1, .photos = photos};
  EXPECT_EQ(network.Forward(parameters, x, 1, nullptr)[0], 2000);
  const float dropped = network.Forward(parameters, x, 1, &key)[0];
  EXPECT_NE(dropped, 2000);
  EXPECT_NEAR(dropped, 2000, 4 * std::sqrt(2000 * 0.25 * 0.75) * 4 / 3);  // four deviations of the binomial
}

TEST(HeadNetwork, InitialWeightsAreGlorots) {
  ThreadPool threads(1);
  const HeadNetwork network(300, {{100}, 0}, 1, 1, threads);
  const std::vector<float> parameters = network.InitialParameters(7);
  const float limit = std::sqrt(6.0f / 400);
  double sum = 0, squares = 0;
  for (size_t i = 0; i < 30000; ++i) {
    ASSERT_LE(std::abs(parameters[i]), limit);
    sum += parameters[i];
    squares += static_cast<double>(parameters[i]) * parameters[i];
  }
  EXPECT_NEAR(sum / 30000, 0, 4 * limit / std::sqrt(3.0 * 30000));
  EXPECT_NEAR(squares / 30000, limit * limit / 3, 0.02 * limit * limit);
  for (size_t i = 30000; i < 30100; ++i) EXPECT_EQ(parameters[i], 0) << "biases";
  EXPECT_NE(network.InitialParameters(8), parameters);
}

struct KerasCurve {
  const char* name;
  std::vector<std::pair<const char*, const char*>> fields;  // of the recipe
  int classes;
  std::vector<double> class_weights;
  std::vector<double> losses;  // before each of 12 steps
};

// Keras 3.15 in float64: 12 inputs, dense 8 and 5 with ReLU, 48 photos in batches of 16, formula weights.
const std::vector<KerasCurve> kKerasCurves = {
    {"sgd",
     {{"optimizer", "sgd"}, {"lr", "0.1"}, {"momentum", "0"}},
     2,
     {},
     {0.695887, 0.732883, 0.730870, 0.688592, 0.727192, 0.724676, 0.682639, 0.722675, 0.720694, 0.678454, 0.718341,
      0.717398}},
    {"momentum",
     {{"optimizer", "sgd"}, {"lr", "0.1"}, {"momentum", "0.9"}},
     2,
     {},
     {0.695887, 0.732883, 0.729306, 0.680344, 0.721013, 0.717435, 0.662757, 0.708244, 0.707796, 0.651749, 0.691847,
      0.699232}},
    {"nesterov",
     {{"optimizer", "sgd"}, {"lr", "0.1"}, {"momentum", "0.9"}, {"nesterov", "true"}},
     2,
     {},
     {0.695887, 0.732358, 0.727392, 0.676342, 0.718164, 0.715503, 0.659739, 0.702467, 0.705802, 0.648600, 0.685337,
      0.696238}},
    {"adam",
     {{"optimizer", "adam"}, {"lr", "0.01"}},
     2,
     {},
     {0.695887, 0.735546, 0.731525, 0.670307, 0.716044, 0.719656, 0.653507, 0.703023, 0.709259, 0.641899, 0.690598,
      0.698865}},
    {"adamw, decay 0.5",
     {{"optimizer", "adamw"}, {"lr", "0.01"}, {"weight-decay", "0.5"}},
     2,
     {},
     {0.695887, 0.735184, 0.731153, 0.673185, 0.714358, 0.720368, 0.662618, 0.699795, 0.711614, 0.656432, 0.688099,
      0.702843}},
    {"softmax, nesterov",
     {{"optimizer", "sgd"}, {"lr", "0.1"}, {"momentum", "0.9"}, {"nesterov", "true"}},
     3,
     {},
     {1.093463, 1.122705, 1.130275, 1.085892, 1.112321, 1.122904, 1.077646, 1.099756, 1.115477, 1.069137, 1.088533,
      1.108025}},
    {"smoothing",
     {{"optimizer", "sgd"}, {"lr", "0.1"}, {"momentum", "0"}, {"label-smoothing", "0.1"}},
     2,
     {},
     {0.697631, 0.730888, 0.729256, 0.690834, 0.725803, 0.723461, 0.685411, 0.721758, 0.719615, 0.681517, 0.718034,
      0.716565}},
    {"softmax, smoothing",
     {{"optimizer", "adam"}, {"lr", "0.01"}, {"label-smoothing", "0.1"}},
     3,
     {},
     {1.094575, 1.122547, 1.127591, 1.075911, 1.103716, 1.119502, 1.065026, 1.089514, 1.112266, 1.054916, 1.078169,
      1.105802}},
    {"class weights",
     {{"optimizer", "sgd"}, {"lr", "0.1"}, {"momentum", "0"}},
     3,
     {0.5, 1, 2},
     {1.286994, 1.316253, 1.388292, 1.221428, 1.262516, 1.327185, 1.174122, 1.224373, 1.282979, 1.140796, 1.197401,
      1.250345}},
};

std::vector<double> OurCurve(const KerasCurve& curve) {
  constexpr size_t kInputs = 12, kBatch = 16, kSteps = 12;
  Recipe recipe;
  recipe.optimizer.schedule = Schedule::kConstant;
  recipe.optimizer.weight_decay = 0;
  for (const auto& [field, value] : curve.fields) SetRecipeField(&recipe, field, value);
  ThreadPool threads(2);
  HeadNetwork network(kInputs, {{8, 5}, 0}, NumHeadOutputs(static_cast<size_t>(curve.classes)), kBatch, threads);
  std::vector<float> parameters = FormulaParameters(network, 0.6), gradient(parameters.size());
  std::vector<ParameterRange> ranges;
  for (const DenseLayer& layer : network.layers()) {
    ranges.push_back({layer.kernel, layer.bias, true});
    ranges.push_back({layer.bias, layer.bias + static_cast<size_t>(layer.units), false});
  }
  std::vector<float> first(recipe.optimizer.keeps_first() ? parameters.size() : 0);
  std::vector<float> second(recipe.optimizer.keeps_second() ? parameters.size() : 0);
  const std::vector<float> x = Formula(1, 3 * kBatch * kInputs, 1);
  std::vector<double> losses;
  for (size_t step = 0; step < kSteps; ++step) {
    const size_t begin = step % 3 * kBatch;
    std::vector<int> labels;
    for (size_t i = 0; i < kBatch; ++i)
      labels.push_back(static_cast<int>((begin + i) % static_cast<size_t>(curve.classes)));
    const std::span<const float> logits =
        network.Forward(parameters, std::span(x).subspan(begin * kInputs, kBatch * kInputs), kBatch, nullptr);
    std::vector<float> dlogits(logits.size());
    losses.push_back(
        CrossEntropy(logits, {labels}, {recipe.label_smoothing, curve.class_weights}, kBatch, dlogits).mean_loss());
    network.Backward(parameters, dlogits, gradient);
    const auto done = static_cast<int64_t>(step);
    OptimizerStep(recipe.optimizer, LearningRate(recipe.optimizer, done, 3), done + 1, ranges,
                  {parameters, gradient, first, second}, threads);
  }
  return losses;
}

TEST(HeadTraining, FollowsKeras) {
  for (const KerasCurve& curve : kKerasCurves) {
    const std::vector<double> ours = OurCurve(curve);
    for (size_t step = 0; step < ours.size(); ++step) {
      EXPECT_NEAR(ours[step], curve.losses[step], 2e-6) << curve.name << ", step " << step;
    }
  }
}

TEST(Transpose, OddSizes) {
  const std::vector<float> from = Formula(1, 19 * 37, 1);
  std::vector<float> to(from.size());
  Transpose(from, 19, 37, to);
  for (size_t i = 0; i < 19; ++i) {
    for (size_t j = 0; j < 37; ++j) ASSERT_EQ(to[j * 19 + i], from[i * 37 + j]);
  }
}

}  // namespace
}  // namespace siskin
