// Seeded faults that need no other source: weaker memory orders and split read-modify-writes.
#ifndef SPILLWAY_TESTS_MODEL_MUTATIONS_H_
#define SPILLWAY_TESTS_MODEL_MUTATIONS_H_

namespace spillway::model {

// Spoils each operation that the scenarios meet, in each way, and prints which scenario refutes it.
// 0 when one does, for all but those that mutations.cc names with a reason, and these are not.
int RunMutations();

}  // namespace spillway::model

#endif  // SPILLWAY_TESTS_MODEL_MUTATIONS_H_
