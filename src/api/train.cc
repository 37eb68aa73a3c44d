// include/siskin/train.h on top of train/.
#include "siskin/train.h"

#include "api/work_context.h"
#include "base/json.h"
#include "base/utf8.h"
#include "evaluate/metrics.h"
#include "train/train.h"

namespace siskin {

void TrainOptions::Set(std::string_view field, std::string_view value) {
  Recipe probe;
  SetRecipeField(&probe, field, value);
  fields[std::string(field)] = value;
}

std::string ToJsonText(const TrainReport& report, int indent) {
  Json json = {{"v", 1},
               {"model", ToValidUtf8(report.model.native())},
               {"best_epoch", report.best_epoch},
               {"epochs_run", report.epochs_run},
               {"skipped", report.num_skipped},
               {"features_from_cache", report.features_from_cache},
               {"seconds_features", report.seconds_features},
               {"seconds_head", report.seconds_head},
               {"finetune_best_epoch", report.fine_tune_best_epoch},
               {"finetune_epochs_run", report.fine_tune_epochs_run},
               {"seconds_finetune", report.seconds_fine_tune},
               {"seconds_finetune_waited", report.seconds_waited},
               {"validation", ToJson(report.validation)}};
  json["test"] = report.test ? ToJson(*report.test) : Json(nullptr);
  Json& files = json["files"] = Json::array();
  for (const auto& file : report.files) files.push_back(ToValidUtf8(file.native()));
  return ToText(json, indent);
}

TrainReport Train(const TrainOptions& options, const Work& work) {
  const TrainJob job = JobOf(options);
  WorkContext running(work);
  return TrainClassifier(job, running.context());
}

void PreviewAugmentation(const TrainOptions& options, const std::filesystem::path& png, const Work& work) {
  WorkContext running(work);
  PreviewAugmentation(JobOf(options), png, running.progress());
}

}  // namespace siskin
