// What the disk under a directory does with each way of making a block durable: the figures behind the choice of a
// write mode, of blocks in flight and of batch sizes. Measures on a scratch file whose blocks were written before, as
// those of a segment are.
#ifndef SCRIPTORIUM_PROBE_DISK_H_
#define SCRIPTORIUM_PROBE_DISK_H_

#include <string>
#include <vector>

#include "file.h"

namespace scriptorium {

struct ProbedWrites {
  WriteMode mode;
  uint32_t in_flight;
  uint32_t bytes;
  // From submission to durable, and how many ended per second; zeros if the mode failed.
  double p50_micros = 0;
  double p99_micros = 0;
  double writes_per_second = 0;
  Status status;
};

struct DiskProbe {
  Volume volume;
  std::vector<ProbedWrites> rows;
};

// Writes `writes` blocks for each row into `directory`, which must be empty but for a LOCK file, and leaves a scratch
// file of 64 MiB there. An error if the directory cannot be used at all.
Result<DiskProbe> ProbeDisk(FileSystem& files, const std::string& directory, uint32_t writes);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_PROBE_DISK_H_
