// How a long job says how far it is and learns that it should stop. Libraries report; only the front ends
// print.
#pragma once

#include <string_view>

namespace tadpole::base {

/// Reports from one long job. Implementations must be safe to call from any thread.
class Progress {
 public:
  virtual ~Progress() = default;

  /// `stage` is a short verb phrase ("extract features"); done of total units are finished; `note` is free
  /// text (loss, accuracy). Called as often as the job likes: implementations limit how often they show it.
  virtual void report(std::string_view stage, long done, long total, std::string_view note) = 0;

  /// A sentence that the user should see once: a warning, a conversion that was made.
  virtual void say(std::string_view sentence) = 0;

  /// True once the user asked to stop. Jobs poll it at least ten times a second and return Code::cancelled.
  virtual bool cancelled() const = 0;
};

/// Shows nothing and never stops.
class Silent final : public Progress {
 public:
  void report(std::string_view, long, long, std::string_view) override {}
  void say(std::string_view) override {}
  bool cancelled() const override { return false; }
};

}  // namespace tadpole::base

namespace tadpole {
using base::Progress;
using base::Silent;
}  // namespace tadpole
