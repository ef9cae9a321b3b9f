#pragma once
// What a run writes down of itself: what it read, what it made of it, what it left behind. One JSON file for each run
// (README.md).

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/raster/input_log.hpp"

namespace pitwatch {

inline constexpr int manifest_format = 1;
inline constexpr std::uint64_t largest_manifest_bytes = std::uint64_t{256} << 20;

/// Of a text's name to the text.
using NamedTexts = std::map<std::string, std::string>;

/// How digital numbers of one band became reflectance: dn * scale + offset.
struct BandCalibrationUsed {
  std::string band;
  double scale = 1;
  double offset = 0;
  friend bool operator==(const BandCalibrationUsed&, const BandCalibrationUsed&) = default;
};

/// A product whose pixels were read. Texts that the metadata do not say are empty.
struct ProductUsed {
  std::string id;
  std::string source;  // path or URL of its item, URLs redacted
  std::string platform;
  std::string datatake;
  std::string tile;
  std::string level;
  std::string baseline;              // processing baseline
  std::optional<Instant> processed;  // when the product was made
  std::string offset_rule;           // what the offsets were taken from
  std::vector<BandCalibrationUsed> offsets;
  std::optional<ViewAngles> sun;
  std::optional<ViewAngles> view;
  std::string fingerprint;         // SHA-256 of its metadata; empty where there is none
  std::vector<std::string> files;  // paths, each of Manifest::inputs of this manifest or an earlier one
};

/// What became of an acquisition.
enum class AcquisitionUse : std::uint8_t { kept, learnt_from, judged, skipped };

inline constexpr std::array<std::string_view, 4> acquisition_use_names{"kept", "learnt from", "judged", "skipped"};
inline std::string_view name(AcquisitionUse use) { return acquisition_use_names[static_cast<std::size_t>(use)]; }

struct AcquisitionUsed {
  std::string site;
  std::string pane;
  Instant acquired{};
  AcquisitionUse use = AcquisitionUse::kept;
  std::string reason;  // why it was skipped; empty otherwise
  std::vector<ProductUsed> products;
  std::optional<double> cloud_share;  // of the pane, 0..1
  std::optional<double> valid_share;  // likewise
};

/// What is different at the source from what was taken in.
enum class MissingWhat : std::uint8_t { gone, changed, newer_edition };

inline constexpr std::array<std::string_view, 3> missing_what_names{"gone", "changed", "newer edition"};
inline std::string_view name(MissingWhat what) { return missing_what_names[static_cast<std::size_t>(what)]; }

/// An acquisition that the state rests on and that the source does not have any more as it was.
struct MissingAcquisition {
  std::string site;
  Instant acquired{};
  std::string scene;
  MissingWhat what = MissingWhat::gone;
  Instant since{};  // start of the run that first missed it
};

/// A scene, file or site that was skipped, or came too late to be taken in.
struct Notice {
  std::string what;
  std::string why;
  Instant since{};  // start of the run that first said so
};

/// A checkpoint of a site: a path as OutputFile::path, and how many acquisitions it holds.
struct CheckpointFile {
  std::string path;
  int acquisitions = 0;
  friend bool operator==(const CheckpointFile&, const CheckpointFile&) = default;
};

/// How things stand with a site after the run.
struct SiteStanding {
  std::string id;
  int panes = 0;
  int acquisitions = 0;
  std::optional<Instant> first_acquisition;  // of those that were taken in
  std::optional<Instant> last_acquisition;
  bool learning = false;
  std::optional<Instant> learn_until;
  std::vector<CheckpointFile> checkpoints;
  int open_incidents = 0;
  bool is_watched = true;  // false: the sites file does not list it any more
  NamedTexts options;      // those that it sets for itself
  std::string last_error;  // why it failed in this run; empty: it did not
};

/// A file of the state after the run.
struct OutputFile {
  std::string path;  // relative to the state, without "." and ".."; absolute when it is elsewhere
  std::uint64_t size = 0;
  std::string sha256;
  friend bool operator==(const OutputFile&, const OutputFile&) = default;
};

/// A file of chips that a run wrote, or took away.
struct ChipFile {
  std::string path;  // as OutputFile::path
  std::uint64_t size = 0;
  std::string sha256;           // empty: it went
  std::string replaced_sha256;  // of what was there before; empty: nothing was
  friend bool operator==(const ChipFile&, const ChipFile&) = default;
};

/// Rows of a table of the register: how many, and the SHA-256 of what they hold.
struct TableRows {
  std::uint64_t rows = 0;
  std::string sha256;
  friend bool operator==(const TableRows&, const TableRows&) = default;
};

struct RegisterStanding {
  std::string target;                           // password hidden
  std::string sha256;                           // of its file; empty for a database
  std::map<std::string, std::uint64_t> alerts;  // how many, by status
  std::uint64_t reviews = 0;
  std::string reviews_sha256;  // over all reviews; empty where it was not taken
  std::uint64_t runs = 0;
  std::map<std::string, TableRows> tables;  // by name; none in manifests of former versions
};

struct ReviewMade {
  std::string alert_id;
  Verdict verdict = Verdict::confirmed_mining;
  std::string reviewer;
  std::string reason;
  Instant reviewed_at{};
  Instant recorded_at{};
  std::string os_user;
};

/// A manifest by name and SHA-256 of its bytes.
struct ManifestReference {
  std::string name;  // file in STATE/runs: "20221217T030501.123Z.json"
  std::string sha256;
  friend bool operator==(const ManifestReference&, const ManifestReference&) = default;
};

struct Manifest {
  Instant started{};
  Instant ended{};
  std::string command;  // "run", "review", "context", "prune"
  /// 1, 2, ... of a manifest that holds nothing but a part of what a run has read, which is too much for one: that of
  /// the run comes after it. 0: it is no part.
  int part = 0;
  std::string host;
  std::string os_user;
  std::string program_version;
  NamedTexts library_versions;
  std::string algorithm;  // version and hash of the options that decide what an alert is
  std::string sites_file;
  std::string sites_sha256;  // empty where there is none
  std::string source;        // redacted by the caller
  NamedTexts options;        // in clear

  // Both are filled in by begin_manifest().
  std::optional<ManifestReference> previous;  // nothing in the first
  std::string head_before;                    // what runs/HEAD named when this began; empty: there was none

  std::vector<SiteStanding> sites;
  std::vector<AcquisitionUsed> acquisitions;
  std::vector<InputFile> inputs;
  std::vector<MissingAcquisition> missing;
  std::vector<Notice> notices;
  std::vector<OutputFile> outputs;  // every file of the state that verify is to vouch for, changed by this run or not
  /// Of this run alone: others are as the newest manifest has them that names them, since of thousands a night touches
  /// few.
  std::vector<ChipFile> chips;
  std::vector<OutputFile> pruned;  // files that this command took away, as they were; chips among `chips`, too
  std::optional<RegisterStanding> alert_register;
  std::optional<ReviewMade> review;
  int exit_code = 0;  // 0..255
  std::string message;
};

/// The manifest as JSON: UTF-8, two spaces, members in an order that stays, an input a line, a line break at the end.
/// The same manifest gives the same bytes. Texts are cut to 64 KiB; what is not UTF-8 in them and NUL are replaced.
/// Throws std::invalid_argument for what parse_manifest() would refuse: a number that is none, a path that leaves the
/// state, a hash that is none.
std::string manifest_text(const Manifest& manifest);

/// The same back. It may hold anything: every number, text, path and time is checked; members that are not known are
/// passed over. Throws DataError, saying which member does not fit, and for a `format` of a later version.
Manifest parse_manifest(std::string_view text);

/// Whether a path is one of OutputFile: absolute, or relative and without empty, "." and ".." parts; no NUL, at most
/// 16 KiB.
bool is_output_path(std::string_view path);

}  // namespace pitwatch
