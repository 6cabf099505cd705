// Counts what the calling thread allocates, by any name.
#ifndef SPILLWAY_TESTS_SUPPORT_ALLOCATIONS_H_
#define SPILLWAY_TESTS_SUPPORT_ALLOCATIONS_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SPILLWAY_TEST_ALLOCATOR_IS_SANITIZED 1
#endif

namespace spillway::testing {

// Of this thread, since it began.
inline constinit thread_local uint64_t allocations = 0;

}  // namespace spillway::testing

#ifdef SPILLWAY_TEST_ALLOCATOR_IS_SANITIZED

// The sanitizers bring an allocator of their own, which tells when it is used.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*,
                                                                             size_t),
                                                         void (*free_hook)(const volatile void*));

namespace spillway::testing {
inline const int installed_hooks = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, size_t) { ++allocations; }, [](const volatile void*) {});
}  // namespace spillway::testing

#else

// In the way of glibc's own, under which name it stays. Everything ends in one of these, operator
// new too. Include this header in one file of a program only.
#pragma GCC visibility push(default)
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t size) {
  ++spillway::testing::allocations;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  ++spillway::testing::allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  ++spillway::testing::allocations;
  return __libc_realloc(old, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  ++spillway::testing::allocations;
  return __libc_memalign(alignment, size);
}
}
#pragma GCC visibility pop

#endif

#endif  // SPILLWAY_TESTS_SUPPORT_ALLOCATIONS_H_
