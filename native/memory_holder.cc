#include "memory_holder.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace scriptorium {
namespace {

// A system call that leaves `errno` alone: the holder has the memory of the thread that started it, that thread's
// `errno` included, and so may call nothing of the C library.
long Call(long number, long first = 0, long second = 0, long third = 0) {
#if defined(__x86_64__)
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(first), "S"(second), "d"(third) : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = first;
  register long x1 asm("x1") = second;
  register long x2 asm("x2") = third;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#else
  static_cast<void>(number), static_cast<void>(first), static_cast<void>(second), static_cast<void>(third);
  return -1;
#endif
}

#if defined(__x86_64__) || defined(__aarch64__)
constexpr bool kSupported = true;
#else
constexpr bool kSupported = false;
#endif

constexpr size_t kStackBytes = 64 << 10;
// Freeing takes a processor for a while, and may wait until the others have found a new leader.
constexpr timespec kPatience = {0, 250'000'000};
constexpr int kNicest = 19;

// `argument`: the end of a pipe to read from, whose other end only the process that is held has.
int Hold(void* argument) {
  const long reading = *static_cast<int*>(argument);
  Call(SYS_prctl, PR_SET_NAME, reinterpret_cast<long>("memory-holder"));
  Call(SYS_setsid);  // a signal to the whole group of the process that is held is not meant for this one
  Call(SYS_setpriority, PRIO_PROCESS, 0, kNicest);
  // Nothing of the files is kept open, least of all the sockets and the pipe's other end.
  // Could they not be closed, this process would wait for itself.
  if ((reading > 0 && Call(SYS_close_range, 0, reading - 1) < 0) || Call(SYS_close_range, reading + 1, ~0U) < 0) {
    Call(SYS_exit_group, 0);
  }
  char nothing;
  Call(SYS_read, reading, reinterpret_cast<long>(&nothing), 1);
  Call(SYS_nanosleep, reinterpret_cast<long>(&kPatience));
  Call(SYS_exit_group, 0);
  return 0;
}

pid_t Start() {
  // Nothing is open there: this asks whether the kernel has the call, which came with Linux 5.9.
  if (!kSupported || syscall(SYS_close_range, ~0U, ~0U, 0) != 0) return 0;
  static int ends[2];  // the holder reads it when this function has returned
  if (pipe2(ends, O_CLOEXEC) != 0) return 0;
  void* stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  pid_t holder = -1;
  if (stack != MAP_FAILED) {
    // No handler of this process must ever run there.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    holder = clone(Hold, static_cast<char*>(stack) + kStackBytes, CLONE_VM, &ends[0]);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (holder < 0) munmap(stack, kStackBytes);
  }
  close(ends[0]);
  if (holder > 0) return holder;
  close(ends[1]);
  return 0;
}

}  // namespace

pid_t HoldMemory() {
  static const pid_t holder = Start();
  return holder;
}

}  // namespace scriptorium
