// What a scenario allocates lies at another address in each execution, and the explorer tells
// locations by their address. While one of these lives, it lies at the same.
#ifndef SPILLWAY_TESTS_MODEL_IN_PLACE_H_
#define SPILLWAY_TESTS_MODEL_IN_PLACE_H_

namespace spillway::model {

// For the constructor of a scenario, around what makes an object whose atomics threads share. The
// memory is used again by the next one: the object must go with the scenario.
class InPlace {
 public:
  InPlace();
  ~InPlace();
  InPlace(const InPlace&) = delete;
  InPlace& operator=(const InPlace&) = delete;
};

}  // namespace spillway::model

#endif  // SPILLWAY_TESTS_MODEL_IN_PLACE_H_
