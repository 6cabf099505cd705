// Replays the steps of one vector on a client throttle.
#ifndef SPILLWAY_TESTS_SUPPORT_CLIENT_THROTTLE_REPLAY_H_
#define SPILLWAY_TESTS_SUPPORT_CLIENT_THROTTLE_REPLAY_H_

#include <string>

#include "spillway/base/priority.h"
#include "spillway/concurrency/client_throttle.h"
#include "tests/support/permit_replay.h"
#include "tests/support/vectors.h"

namespace spillway::testing {

class ClientThrottleReplay : public PermitReplay<ClientThrottle, ClientThrottleRejection> {
 public:
  using PermitReplay::PermitReplay;

 private:
  Decision Ask(ClientThrottle& throttle, Fields& step, Nanos at) override {
    return throttle.TryAcquire(at, PriorityFrom(step.Take<std::string>("priority", "normal")));
  }

  static Priority PriorityFrom(const std::string& name) {
    if (name == "normal") return Priority::kNormal;
    if (name == "critical") return Priority::kCritical;
    if (name == "sheddable") return Priority::kSheddable;
    throw std::runtime_error("unknown priority " + name);
  }
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_CLIENT_THROTTLE_REPLAY_H_
