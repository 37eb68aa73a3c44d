#include "api/work_context.h"

namespace siskin {

RunContext WorkContext::context() {
  return {.threads = threads_,
          .progress = work_.progress != nullptr ? *work_.progress : nobody_,
          .stop = work_.stop != nullptr ? *work_.stop : never_};
}

}  // namespace siskin
