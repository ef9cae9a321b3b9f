#pragma once
// The register: all alerts with their history, the scenes that are their evidence, and what people found them to be.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/io/alerts_geojson.hpp"
#include "pipeline/io/lonlat_shapes.hpp"

namespace pitwatch {

/// A review as it was written. Reviews are added, never changed and never removed.
struct RegisteredReview {
  std::string alert_id;
  Review review;
  LonLatMultiPolygon outline;  // of the alert when it was reviewed
};

struct AlertRegister {
  std::vector<OutlinedAlert> alerts;      // in the order of alerts.geojson, each with its newest review
  std::vector<RegisteredReview> reviews;  // in order of time
};

// A TARGET is the path of a GeoPackage, or a database that OGR writes to in transactions ("PG:dbname=..."). Its tables:
//   alerts         multipolygon; the columns of alert_columns()
//   alert_history  alert_id, at, event, area_ha, class
//   alert_scenes   alert_id, scene, role (before, after)
//   reviews        multipolygon; alert_id, verdict, reviewer, reviewed_at, reason
//
// A GeoPackage is built anew and renamed into place: its bytes follow from alerts and reviews alone, whichever way they
// came about, and stay where nothing has changed. Writers wait for each other (a lock file beside it). In a database
// the first three tables get new rows where they differ, and reviews are added, in one transaction. What is no register
// is never overwritten: a damaged file, a file or a database with tables of something else.

/// Reads a register. Throws DataError, starting with the target: there is none, it is damaged, or of another version.
AlertRegister read_register(const std::string& target);

/// Reads its reviews alone; none where there is no register yet. Throws as read_register() does.
std::vector<RegisteredReview> read_reviews(const std::string& target);

/// Gives each alert the newest review of its id. A review whose id no alert has any more goes, by its newest, to those
/// without one whose outline has at least half of the smaller of both areas in common with the outline reviewed.
void assign_reviews(std::span<OutlinedAlert> alerts, std::span<const RegisteredReview> reviews);

/// Makes the register hold these alerts, and gives them the reviews that it holds. Returns whether anything in it has
/// changed. Throws as read_register() does, and IoError where it cannot be written: then it is as before.
bool update_register(const std::string& target, std::span<OutlinedAlert> alerts);

/// Adds a review to an alert of the register. Throws ConfigError for an id that no alert has, for a reviewer that is
/// empty, of several lines or over 200 bytes, for a reason over 2 MiB, and for text that is not UTF-8 or holds a NUL;
/// else as update_register() does.
void add_review(const std::string& target, const std::string& alert_id, const Review& review);

/// The register as a GeoPackage, as bytes.
std::string register_geopackage(const AlertRegister& content);

}  // namespace pitwatch
