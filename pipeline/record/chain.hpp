#pragma once
// The manifests of a state, each of which names the SHA-256 of the one before:
//
//   STATE/runs/20221217T030501.123Z.json      a manifest; named by the start of its run (UTC)
//   STATE/runs/20221217T030501.123Z.json.p7s  its signature, where there is one (CMS, detached, DER)
//   STATE/runs/20221217T030501.123Z.json.tsr  its time stamp, where there is one (RFC 3161 reply, DER)
//   STATE/runs/HEAD                           SHA-256, two blanks, name of the newest: as sha256sum writes it
//
// Names ascend along the chain: where the clock went back, a name is a millisecond after the one before. A manifest
// beyond HEAD belongs to a run that has not ended, or was killed while it published.

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/record/manifest.hpp"

namespace pitwatch {

inline constexpr const char* signature_suffix = ".p7s";
inline constexpr const char* time_stamp_suffix = ".tsr";

/// STATE/runs
std::string runs_folder(const std::string& state);

/// The names of the manifests in STATE/runs, oldest first; none where there is no such folder. Other files are left
/// aside. Throws DataError where the folder cannot be read.
std::vector<std::string> manifest_names(const std::string& state);

/// One of them. Throws DataError, starting with "runs/NAME", where it is missing or damaged.
Manifest read_manifest(const std::string& state, const std::string& name);

/// What STATE/runs/HEAD says; nothing where there is none. Throws DataError, starting with "runs/HEAD", where it is
/// not what publish_head() writes.
std::optional<ManifestReference> read_head(const std::string& state);

/// The newest manifest that is published; nothing where there is none yet. Throws DataError where HEAD or the manifest
/// is damaged, or the one does not fit the other.
std::optional<Manifest> head(const std::string& state);

/// head(), or what has become of it: where runs were killed while they published, or failed, their manifests are beyond
/// HEAD, and each file may be as one of them has it. This is the newest of all of them, with each file as the newest
/// has it that the file fits, and with missing acquisitions and notices of HEAD. Its chips are those
/// that manifests beyond HEAD name, likewise: whoever writes the next manifest has to say what has become of them.
/// Throws as head().
std::optional<Manifest> settled_head(const std::string& state);

/// How much of what was read one manifest holds, at most: so that it has no more than a hundred megabytes, and few
/// values.
struct ReadBounds {
  std::size_t acquisitions = 20'000;
  std::size_t ranges = 1'000'000;  // of all inputs; each input counts as eight more
};

/// Writes the manifest of a run that is about to publish, whole, durable, and once written never again; returns its
/// name. Fills in `previous`: the newest manifest, be it one that a killed run left beyond HEAD; where HEAD is the
/// newest, what HEAD says of it, so that one that was changed or taken away is still missed afterwards. Fills in
/// `head_before`, and adds a notice where HEAD was lost or damaged. The caller holds the state's lock. Throws IoError
/// where it cannot be written, std::invalid_argument as manifest_text().
///
/// Where acquisitions and inputs are more than a manifest may hold, manifests of parts go before it, with how things
/// stood before the run: all inputs, then all acquisitions, none of which are left in `manifest`.
std::string begin_manifest(const std::string& state, Manifest& manifest, const ReadBounds& bounds = {});

/// Whether a run that started then has its manifest, published or not; parts of what it read are none. Throws DataError
/// where the folder cannot be read.
bool is_on_record(const std::string& state, Instant started);

/// Makes HEAD name a manifest that begin_manifest() wrote: its run is published. Atomic and durable. Throws DataError
/// where the manifest cannot be read, IoError where HEAD cannot be written.
void publish_head(const std::string& state, const std::string& name);

/// Files of chips that are to be there by the record, with their SHA-256.
using DueChips = std::map<std::string, std::string>;

/// The name of the manifest that HEAD names; of the newest where HEAD does not say. Empty: there is none.
std::string last_published(const std::string& state);

/// Takes in what the next manifest says of them. One beyond HEAD may take files away, and those that it adds may not be
/// written yet.
void take_chips(const Manifest& manifest, bool is_published, DueChips& due);

/// By all manifests of a state. Those that cannot be read are left aside: check_chain() tells of them. Throws DataError
/// where the folder cannot be read.
DueChips due_chips(const std::string& state);

/// What was found of a chain.
struct ChainFinding {
  std::vector<std::string> manifests;     // names, oldest first
  std::optional<ManifestReference> head;  // nothing where there is none, or it is damaged
  std::vector<std::string> unpublished;   // manifests beyond HEAD, oldest first
  std::vector<std::string> misfits;       // what does not fit, in words, in order of the chain; empty: it is whole
};

/// Shown each manifest that can be read: name, bytes, content. Oldest first.
using ManifestVisitor = std::function<void(const std::string& name, std::string_view bytes, const Manifest& manifest)>;

/// Checks that all manifests of the state are one chain from the first to HEAD: none missing, none changed, none
/// beside it, and beyond HEAD only what runs left that began at this HEAD and were killed while they published. The
/// files may hold anything. Throws DataError where the folder cannot be read.
///
/// Who can write to the folder can write a whole chain anew that fits: only signatures, time stamps or a HEAD that was
/// noted elsewhere tell. And one run is forgotten where its manifest is removed and HEAD is made to name the one
/// before.
ChainFinding check_chain(const std::string& state, const ManifestVisitor& visit = {});

}  // namespace pitwatch
