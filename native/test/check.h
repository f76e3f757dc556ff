// A test is a function with a sentence; a program of tests runs them all and says "ok" or "not ok" per sentence.
#ifndef SCRIPTORIUM_TEST_CHECK_H_
#define SCRIPTORIUM_TEST_CHECK_H_

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

namespace scriptorium::test {

struct Test {
  const char* sentence;
  void (*run)();
};

inline std::vector<Test>& Tests() {
  static std::vector<Test> tests;
  return tests;
}

struct Register {
  Register(const char* sentence, void (*run)()) { Tests().push_back({sentence, run}); }
};

// A failed check ends the program: what follows would be about a broken state.
[[noreturn]] inline void Fail(const char* file, int line, const std::string& what) {
  std::printf("not ok - %s:%d: %s\n", file, line, what.c_str());
  std::fflush(stdout);
  std::abort();
}

template <typename T>
std::string Text(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

}  // namespace scriptorium::test

#define SCRIPTORIUM_JOIN2(a, b) a##b
#define SCRIPTORIUM_JOIN(a, b) SCRIPTORIUM_JOIN2(a, b)
#define TEST(sentence)                                                                                              \
  static void SCRIPTORIUM_JOIN(Test, __LINE__)();                                                                   \
  static const scriptorium::test::Register SCRIPTORIUM_JOIN(register_, __LINE__)(sentence,                          \
                                                                                 SCRIPTORIUM_JOIN(Test, __LINE__)); \
  static void SCRIPTORIUM_JOIN(Test, __LINE__)()

#define CHECK(condition)                                                                   \
  do {                                                                                     \
    if (!(condition)) scriptorium::test::Fail(__FILE__, __LINE__, "expected " #condition); \
  } while (false)

#define CHECK_EQUAL(actual, expected)                                                                               \
  do {                                                                                                              \
    const auto actual_value = (actual);                                                                             \
    const auto expected_value = (expected);                                                                         \
    if (!(actual_value == expected_value)) {                                                                        \
      scriptorium::test::Fail(__FILE__, __LINE__,                                                                   \
                              std::string(#actual " is ") + scriptorium::test::Text(actual_value) + ", expected " + \
                                  scriptorium::test::Text(expected_value));                                         \
    }                                                                                                               \
  } while (false)

#define CHECK_OK(status)                                                                             \
  do {                                                                                               \
    const auto checked_status = (status);                                                            \
    if (!checked_status.ok()) scriptorium::test::Fail(__FILE__, __LINE__, checked_status.message()); \
  } while (false)

#define CHECK_CODE(status, expected)                                                                 \
  do {                                                                                               \
    const auto checked_status = (status);                                                            \
    if (checked_status.code() != (expected)) {                                                       \
      scriptorium::test::Fail(__FILE__, __LINE__,                                                    \
                              std::string(#status " is ") + CodeName(checked_status.code()) + " (" + \
                                  checked_status.message() + "), expected " + CodeName(expected));   \
    }                                                                                                \
  } while (false)

int main() {
  for (const auto& test : scriptorium::test::Tests()) {
    test.run();
    std::printf("ok - %s\n", test.sentence);
    std::fflush(stdout);
  }
  return 0;
}

#endif  // SCRIPTORIUM_TEST_CHECK_H_
