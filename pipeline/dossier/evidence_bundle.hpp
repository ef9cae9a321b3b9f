#pragma once
// One alert as a zip archive that can be handed over and checked without this program's state:
//
//   README.txt          what is what, how to check it, the commands that work the alert out again
//   dossier.html        its dossier
//   alert.geojson       the alert as it stands
//   outlines.geojson    its outlines by date, one feature an event
//   acquisitions.csv    all acquisitions of its site from the last undisturbed one to its last clear observation
//   chain.csv           names and hashes of all manifests of the state, so that links can be followed
//   state/runs/...      the manifests that concern it, with their signatures and time stamps, and HEAD
//   state/chips/...     its pictures (GeoTIFF) and observations, under their names in the state
//   left_out.csv        those of these that the record names and the state did not have or give, if there are any
//   SHA256SUMS          of all the others, as sha256sum writes it
//   SHA256SUMS.p7s      its signature (CMS) by whoever packed the bundle, where they signed it
//   SHA256SUMS.tsr      its time stamp (RFC 3161), where they had one made
//
// Manifests have signatures of their own, which hold for these and for the files that they name. Of the others nothing
// but a signature of SHA256SUMS says who made them.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/dossier/dossier_record.hpp"
#include "pipeline/dossier/texts.hpp"
#include "pipeline/io/files/zip_writer.hpp"
#include "pipeline/record/verify.hpp"

namespace pitwatch {

inline constexpr const char* left_out_name = "left_out.csv";
inline constexpr const char* sums_name = "SHA256SUMS";

/// The members of the archive, in order of their names. What is missing of the pictures, or cannot be read,
/// is in `skipped` and in left_out.csv: the bundle fits and says so. What is another than the record says is in
/// `skipped` and in the bundle, which does not fit. The same record and texts give the same bytes. Throws DataError for
/// a manifest that changed since the record was read.
std::vector<ZipMember> evidence_bundle(const DossierRecord& record, const OutlinedAlert& alert, const Texts& texts,
                                       std::vector<std::pair<std::string, std::string>>& skipped);

/// Adds the signature and the time stamp of SHA256SUMS, in its order. What is null is not done.
void seal_bundle(std::vector<ZipMember>& members, const std::function<std::string(std::string_view content)>& sign,
                 const std::function<std::string(std::string_view content)>& stamp);

struct BundleOptions {
  SealCheck signature;  // as VerifyOptions
  SealCheck time_stamp;
  bool needs_signature = false;   // the newest manifest has to have one, and SHA256SUMS
  bool needs_time_stamp = false;  // some manifest has to have one, and SHA256SUMS
};

struct BundleReport {
  std::string alert_id;  // empty: alert.geojson does not say
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  std::size_t manifests = 0;
  std::size_t chain_length = 0;  // manifests that chain.csv names
  std::size_t links = 0;         // between manifests that are both here, or by chain.csv, and fit
  std::size_t vouched = 0;       // files of the state that a manifest here has with the same hash
  std::size_t with_signature = 0;
  std::size_t with_time_stamp = 0;
  bool is_signed = false;        // SHA256SUMS, and with it the bundle as it was packed
  bool is_time_stamped = false;  // likewise
  std::vector<std::string> sealed_by;
  std::vector<std::string> uncovered;  // files that no signature here covers: whoever can sign nothing can write these
  std::vector<std::string> misfits;    // what does not fit, the first first
  std::vector<std::string> remarks;    // what cannot be checked here

  bool fits() const { return misfits.empty(); }
};

/// Checks a bundle from anywhere: all hashes, and of the chain what is here. Nothing is unpacked. Throws DataError,
/// starting with the path, for what is no zip archive, or one beyond the bounds of ProductFiles::of_zip(), or without
/// SHA256SUMS.
BundleReport verify_bundle(const std::string& path, const BundleOptions& options);

/// The first of these names and how many more there are.
std::string listed_text(const std::vector<std::string>& names);

}  // namespace pitwatch
