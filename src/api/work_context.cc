#include "api/work_context.h"

namespace siskin {

RunContext WorkContext::context() {
  if (!threads_) threads_.emplace(work_.threads);
  return {.threads = *threads_, .progress = progress(), .stop = work_.stop != nullptr ? *work_.stop : never_};
}

}  // namespace siskin
