#pragma once
// Changes of chips on their way into a state:
//
//   STATE/chips/.unpublished/SITE[/PANE]/000123.chips   what changes by the acquisitions up to the 123rd
//
// What a run makes of acquisitions is durable before the checkpoint that holds them, in one file; and what is on record
// is not touched before the manifest that says so is written. Whoever kills a run in between leaves chips that the
// record vouches for, and a journal from which the next run goes on.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pitwatch {

/// A change of a file.
struct ChipChange {
  std::string path;                  // below STATE/chips: "SITE/ALERT/before.tif"
  std::uint64_t kept_bytes = 0;      // so much of what was there stays in front
  std::optional<std::string> bytes;  // what follows; nothing: the file goes
};

/// What the journal of one place comes to, over the files that there are.
class PendingChips {
 public:
  explicit PendingChips(std::string state) : state_(std::move(state)) {}

  /// Takes in one file of a journal, later ones after earlier ones. Throws DataError, starting with the path, where it
  /// is damaged.
  void add(const std::string& journal);

  /// Takes in one that was just written of these changes, whose bytes begin there: it need not be read for that.
  void add(const std::string& journal, std::span<const ChipChange> changes, std::uint64_t begin);

  /// A file as it will be; nothing where it will not be there. Throws DataError with its path.
  std::optional<std::string> content(const std::string& path) const;

  /// Names of the files in a folder ("SITE/ALERT") as they will be there, in order.
  std::vector<std::string> names_in(const std::string& folder) const;

  /// Paths of all files that change.
  std::vector<std::string> paths() const;

 private:
  /// Bytes within a file of a journal.
  struct Piece {
    std::string journal;
    std::uint64_t begin = 0;
    std::uint64_t bytes = 0;
    std::uint64_t kept = 0;  // of the pieces before, and of the file
  };

  void change(const std::string& path, std::uint64_t kept, std::optional<Piece> piece);

  std::string state_;
  std::map<std::string, std::vector<Piece>> files_;  // without a piece: it goes
};

/// The journal of one place, "SITE" or "SITE/PANE", under one writer.
class ChipJournal {
 public:
  /// Goes on from a state of so many acquisitions: what a run noted that was killed before it had saved as many is
  /// forgotten, and what is damaged as well; `damaged` is told of that.
  ChipJournal(std::string state, std::string place, std::size_t acquisitions, std::vector<std::string>& damaged);

  const PendingChips& pending() const { return pending_; }

  /// Notes changes, in one file; durable when it returns. Throws IoError.
  void note(std::span<const ChipChange> changes, std::size_t acquisitions);

 private:
  std::string folder_;
  PendingChips pending_;
};

/// A file of the state that publishing makes, or takes away.
struct PublishedChip {
  std::string path;  // relative to the state: "chips/SITE/ALERT/before.tif"
  std::uint64_t size = 0;
  std::string sha256;           // empty: it goes
  std::string replaced_sha256;  // of what is there before; empty: nothing is
};

/// Journals of places on their way into STATE/chips.
class ChipPublication {
 public:
  /// Throws DataError where what is to be published cannot be read.
  ChipPublication(const std::string& state, std::span<const std::string> places);

  /// What will be there, in order of paths.
  const std::vector<PublishedChip>& files() const { return files_; }

  /// Writes the files, each whole or not at all, and makes them durable, all at once. May be done again. Throws
  /// IoError.
  void apply() const;

  /// Forgets the journals: what they hold is published.
  void forget() const;

 private:
  std::string state_;
  std::vector<std::string> journals_;
  std::vector<PendingChips> pending_;  // of each place
  std::vector<PublishedChip> files_;
};

}  // namespace pitwatch
