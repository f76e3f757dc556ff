// One scripted life of a scribe: it formats a directory, opens it and works (votes, batches of three groups,
// truncations, prefix drops, hints, several blocks to a segment, segments that are let go, used again and cleared of a
// straggler, closing and opening again) until the end or until something fails. What a full disk has the journal refuse
// is tried once more and then left out. It keeps what the journal should hold
// after each record and when each record was acknowledged, so that whatever a crash leaves can be held against it.
#ifndef SCRIPTORIUM_TEST_LIFE_H_
#define SCRIPTORIUM_TEST_LIFE_H_

#include <algorithm>
#include <functional>

#include "check.h"
#include "fixture.h"

namespace scriptorium::test {

// What a journal may hold when the power goes, by a clock that counts operations of the disk.
class History {
 public:
  // The journal was made; this is what it held then.
  void Formatted(uint64_t now, std::string state) {
    formatted_at_ = now;
    formatted_ = true;
    states_.push_back(std::move(state));
  }
  // One record was appended, after which the journal holds this.
  void Appended(uint64_t now, uint64_t ticket, std::string state) {
    appended_.push_back({now, ticket});
    states_.push_back(std::move(state));
  }
  void Acknowledged(uint64_t now, uint64_t ticket) { acknowledged_.push_back({now, ticket}); }

  bool formatted() const { return formatted_; }
  bool FormattedAt(uint64_t now) const { return formatted_ && formatted_at_ <= now; }
  const std::vector<std::string>& states() const { return states_; }
  // The first and the last of the states that a crash at `now` may leave.
  size_t FirstAt(uint64_t now) const {
    uint64_t ticket = 0;
    for (const Event& event : acknowledged_) ticket = event.at <= now ? event.ticket : ticket;
    size_t count = 0;
    while (count < appended_.size() && appended_[count].ticket <= ticket) ++count;
    return count;
  }
  size_t LastAt(uint64_t now) const {
    size_t count = 0;
    while (count < appended_.size() && appended_[count].at <= now) ++count;
    return count;
  }
  bool Knows(const std::string& held) const { return std::find(states_.begin(), states_.end(), held) != states_.end(); }
  // Whether `held` is one of those states; says in full what is wrong if it is not.
  void Check(uint64_t now, const std::string& held) const {
    const size_t first = FirstAt(now);
    const size_t last = LastAt(now);
    for (size_t at = first; at <= last; ++at) {
      if (states_[at] == held) return;
    }
    Fail(__FILE__, __LINE__,
         "the journal holds\n" + held + "which is none of the states from\n" + states_[first] + "to\n" + states_[last]);
  }

 private:
  struct Event {
    uint64_t at;
    uint64_t ticket;
  };
  bool formatted_ = false;
  uint64_t formatted_at_ = 0;
  std::vector<std::string> states_;
  std::vector<Event> appended_;
  std::vector<Event> acknowledged_;
};

struct LifeOptions {
  WriteMode mode = WriteMode::kSync;
  int rounds = 9;
  uint32_t extra_bytes = 0;  // Of the larger batches: shifts everything that follows.
  bool reopens = true;       // Closes and opens again half way.
};

class Life final : private JournalListener {
 public:
  using Clock = std::function<uint64_t()>;
  Life(FileSystem& disk, Clock clock, const LifeOptions& options = {})
      : disk_(disk), clock_(std::move(clock)), options_(options) {}
  explicit Life(FaultFileSystem& disk, const LifeOptions& options = {})
      : Life(
            disk, [&disk] { return disk.operations(); }, options) {}

  // Works until the end or the first failure; the journal is not closed unless everything went well.
  Status Run() {
    FormatOptions format = TinyFormat();
    format.genesis.push_back(MakeBatch(0, 1, 1, 1, 40, 2));
    format.hard_state = scriptorium::HardState{1, {}};
    if (Status status = Journal::Format(disk_, format); !status.ok()) return status;
    model_.HardState(0, 1, {});
    model_.Append(format.genesis[0]);
    history_.Formatted(clock_(), model_.Describe());
    const int half = options_.reopens ? options_.rounds / 2 : options_.rounds;
    Status status = Open();
    if (status.ok()) status = Work(0, half);
    if (status.ok()) status = journal_->Close();
    if (!status.ok() || !options_.reopens) return status;
    journal_.reset();
    status = Open();
    if (status.ok()) status = Work(half, options_.rounds);
    return status.ok() ? journal_->Close() : status;
  }

  const History& history() const { return history_; }
  Journal* journal() { return journal_.get(); }
  uint64_t durable() const { return durable_; }
  int failures() const { return failures_; }
  // How often something was refused for want of space.
  int refusals() const { return refusals_; }
  const Status& failure() const { return failure_; }

 private:
  void OnDurable(uint64_t ticket) override {
    // Acknowledgements are in order and never follow a failure, whatever completes late.
    CHECK(ticket > durable_ && failures_ == 0);
    durable_ = ticket;
    history_.Acknowledged(clock_(), ticket);
  }
  void OnFailure(const Status& status) override {
    ++failures_;
    failure_ = status;
  }

  Status Open() {
    Result<std::unique_ptr<Journal>> opened = Journal::Open(disk_, TinyOpen(options_.mode), *this);
    if (opened.ok()) journal_ = std::move(opened.value());
    return opened.status();
  }
  // Takes one record into the model if the journal took it.
  Status Note(const std::function<Result<uint64_t>()>& append, const std::function<void()>& change) {
    Result<uint64_t> ticket = append();
    if (ticket.status().code() == Code::kNoSpace && failures_ == 0) {
      ++refusals_;
      ticket = append();
      if (ticket.status().code() == Code::kNoSpace) return failure_;
    }
    if (!ticket.ok()) return ticket.status();
    change();
    history_.Appended(clock_(), ticket.value(), model_.Describe());
    // Every record is a block of its own, several of which are on their way at a time.
    if (options_.mode == WriteMode::kRing) journal_->Drive(false);
    return failure_;
  }
  Status Append(uint64_t group, uint64_t term, uint32_t count, uint32_t entry_bytes) {
    const Bytes batch = MakeBatch(group, term, model_.Tail(group) + 1, count, entry_bytes);
    return Note([&] { return journal_->Append(batch); }, [&] { model_.Append(batch); });
  }
  Status DropPrefix(uint64_t group) {
    const uint64_t index = model_.Tail(group);
    const uint64_t term = model_.TailTerm(group);
    return Note(
        [&] {
          return journal_->TruncatePrefix(group, {index, term});
        },
        [&] { model_.CutPrefix(group, index, term); });
  }
  Status Flush() {
    while (journal_->Drive(true)) continue;
    return failure_;
  }

  // Where several blocks may be under way, they stay so.
  Status EndBlock() { return options_.mode == WriteMode::kRing ? failure_ : Flush(); }

  Status Work(int from, int to) {
    for (int round = from; round < to; ++round) {
      const auto term = static_cast<uint64_t>(round) + 2;
      const Id128 vote = Incarnation(static_cast<uint8_t>(round + 1));
      const int refusals = refusals_;
      Status status = Note(
          [&] {
            return journal_->SaveHardState(0, {term, vote});
          },
          [&] { model_.HardState(0, term, vote); });
      // Several records to a block, then one alone, then one of several pages.
      if (status.ok()) status = Append(0, term, 2, 100);
      if (status.ok()) status = Append(7, term, 1, 300);
      // A log that is quiet from then on, whose one batch must not keep all that follows it.
      if (status.ok() && round == 0) status = Append(9, term, 1, 200);
      if (status.ok()) status = EndBlock();
      if (status.ok()) status = Append(0, term, 1, 9000 + options_.extra_bytes + 700 * static_cast<uint32_t>(round));
      if (status.ok()) status = EndBlock();
      if (status.ok() && round % 3 == 1 && refusals_ == refusals) {
        const uint64_t cut = model_.Tail(0);  // The last batch holds one entry.
        status = Note([&] { return journal_->TruncateSuffix(0, cut); }, [&] { model_.CutSuffix(0, cut); });
      }
      // Everything else is dropped in between, so that whole segments are of no more use.
      if (status.ok() && (round % 4 == 2 || round % 6 == 5)) status = DropPrefix(7);
      if (status.ok() && round % 6 == 5) status = DropPrefix(0);
      const uint64_t hint = model_.Tail(0);
      if (status.ok()) {
        status = Note([&] { return journal_->SaveCommitHint(0, {hint, 1}); }, [&] { model_.Hint(0, hint, 1); });
      }
      if (status.ok() && round % 2 == 0) status = Flush();
      if (!status.ok()) return status;
    }
    return Flush();
  }

  FileSystem& disk_;
  Clock clock_;
  LifeOptions options_;
  Model model_;
  History history_;
  uint64_t durable_ = 0;
  int failures_ = 0;
  int refusals_ = 0;
  Status failure_;
  std::unique_ptr<Journal> journal_;
};

}  // namespace scriptorium::test

#endif  // SCRIPTORIUM_TEST_LIFE_H_
