// Twelve steps of a head with every optimizer and loss, against curves that Keras computed from the same weights.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/testing.h"
#include "graph/training_plan.h"
#include "train/loss.h"
#include "train/optimizer.h"
#include "train/phases.h"

namespace siskin {
namespace {

using testing::FormulaUniform;

std::vector<float> Formula(uint64_t stream, size_t count, double limit) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(limit * (2 * FormulaUniform(stream, i) - 1));
  return values;
}

// Kernels and biases of the golden formula, in Keras' order.
std::vector<float> FormulaParameters(const TrainingPlan& plan, double limit) {
  std::vector<float> parameters;
  uint64_t stream = 100;
  for (const TrainingParameter& parameter : plan.parameters()) {
    const std::vector<float> values = Formula(stream++, parameter.size, limit);
    parameters.insert(parameters.end(), values.begin(), values.end());
  }
  return parameters;
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
  ModelCard card;
  card.head = {{8, 5}, 0};
  card.class_names.resize(static_cast<size_t>(curve.classes));
  ThreadPool threads(2);
  TrainingPlan plan(HeadGraph(card, kInputs), {.max_batch = kBatch}, threads);
  std::vector<float> parameters = FormulaParameters(plan, 0.6), gradient(parameters.size());
  std::vector<ParameterRange> ranges;
  for (const TrainingParameter& p : plan.parameters()) ranges.push_back({p.offset, p.offset + p.size, p.decays});
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
        plan.Forward(parameters, {}, std::span(x).subspan(begin * kInputs, kBatch * kInputs), kBatch, nullptr);
    std::vector<float> dlogits(logits.size());
    losses.push_back(
        CrossEntropy(logits, {labels}, {recipe.label_smoothing, curve.class_weights}, kBatch, dlogits).mean_loss());
    plan.Backward(dlogits, gradient);
    const auto done = static_cast<int64_t>(step);
    OptimizerStep(recipe.optimizer, LearningRate(recipe.optimizer, done, 3), done + 1, ranges,
                  {parameters, gradient, first, second}, threads);
  }
  return losses;
}

TEST(KerasCurves, AreFollowed) {
  for (const KerasCurve& curve : kKerasCurves) {
    const std::vector<double> ours = OurCurve(curve);
    for (size_t step = 0; step < ours.size(); ++step) {
      EXPECT_NEAR(ours[step], curve.losses[step], 2e-6) << curve.name << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace siskin
