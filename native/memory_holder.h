// Lets the sockets of a process that is killed close before its memory is given back.
//
// When a process dies the kernel first frees its memory and only then closes its files. To its peers it lives until
// then, and freeing takes about a millisecond for every ten megabytes: a leader with a gigabyte of state would be
// missed a tenth of a second late. Memory is freed by the last process that has it, though. So a second process shares
// this one's memory, sleeps, and ends when the files of this one are closed.
#ifndef SCRIPTORIUM_MEMORY_HOLDER_H_
#define SCRIPTORIUM_MEMORY_HOLDER_H_

#include <sys/types.h>

namespace scriptorium {

// Starts the process that holds the memory of this one, once: later calls answer with the first's. Its id, or 0 where
// the system does not allow it; then everything works as it did, and an end is noticed later.
pid_t HoldMemory();

}  // namespace scriptorium

#endif  // SCRIPTORIUM_MEMORY_HOLDER_H_
