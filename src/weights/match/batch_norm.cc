#include "weights/match/batch_norm.h"

#include <cmath>

#include "base/error.h"

namespace siskin {

void ChangeEpsilon(double theirs, double ours, const Tensor& variance, Tensor* gamma) {
  const std::span<const float> variances = variance.values<float>();
  const std::span<float> gammas = gamma->values<float>();
  if (variances.size() != gammas.size()) Fail(ErrorKind::kInternal, "gamma and variance of different sizes");
  for (size_t c = 0; c < gammas.size(); ++c) {
    const double v = variances[c];
    gammas[c] = static_cast<float>(gammas[c] * std::sqrt((v + ours) / (v + theirs)));
  }
}

void FoldGamma(const Tensor& gamma, Tensor* kernel, Tensor* mean) {
  const std::span<const float> factors = gamma.values<float>();
  const std::span<float> weights = kernel->values<float>(), means = mean->values<float>();
  if (factors.empty() || means.size() != factors.size() || weights.size() % factors.size() != 0) {
    Fail(ErrorKind::kInternal, "gamma, mean and kernel do not belong together");
  }
  for (size_t i = 0; i < weights.size(); ++i) weights[i] *= factors[i % factors.size()];
  for (size_t c = 0; c < means.size(); ++c) means[c] *= factors[c];
}

}  // namespace siskin
