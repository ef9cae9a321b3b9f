// The account from outside, over a simulated site whose truth is known.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ogr_geometry.h>
#include <ogr_spatialref.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "pipeline/io/files/csv_table.hpp"
#include "pipeline/register/register.hpp"
#include "tests/integration/alert_places.hpp"
#include "tests/integration/nights.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Geometry;
using test::lines_of;
using test::names_in;
using test::night_scenes;
using test::Outcome;
using test::read_text;
using test::run_process;
using test::write_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

/// Longitudes and latitudes on the plane of the site's zone.
class ToZone {
 public:
  ToZone() {
    degrees_.importFromEPSG(4326);
    degrees_.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
    zone_.importFromEPSG(32638);
    transformation_.reset(OGRCreateCoordinateTransformation(&degrees_, &zone_));
  }
  Geometry operator()(const json& geometry) const {
    Geometry shape(OGRGeometryFactory::createFromGeoJson(geometry.dump().c_str()));
    shape->transform(transformation_.get());
    return Geometry(shape->Buffer(0));
  }

 private:
  OGRSpatialReference degrees_;
  OGRSpatialReference zone_;
  std::unique_ptr<OGRCoordinateTransformation> transformation_;
};

double ha_of(const Geometry& shape) {
  const auto* const surface = dynamic_cast<const OGRMultiSurface*>(shape.get());
  if (surface != nullptr) return surface->get_Area() / 1e4;
  const auto* const polygon = dynamic_cast<const OGRSurface*>(shape.get());
  return polygon != nullptr ? polygon->get_Area() / 1e4 : 0;
}

Geometry union_of(const std::vector<Geometry>& shapes) {
  Geometry all(new OGRPolygon);
  for (const Geometry& shape : shapes) all.reset(all->Union(shape.get()));
  return all;
}

bool contains(const std::vector<Geometry>& shapes, double x, double y) {
  const OGRPoint point(x, y);
  return std::any_of(shapes.begin(), shapes.end(), [&](const Geometry& shape) { return shape->Contains(&point) != 0; });
}

/// A night of everything, and an account of it.
class AccountCli : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    nights_ = new test::Nights;
    nights_->deliver(0, night_scenes().names().size());
    state_ = *nights_ / "state";
    const Outcome ran = nights_->run(state_);
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
  }
  static void TearDownTestSuite() {
    delete nights_;
    nights_ = nullptr;
  }

  static Outcome account(const std::vector<std::string>& more, const std::string& state = {}) {
    std::vector<std::string> words{PITWATCH_PROGRAM, "account", "--state", state.empty() ? state_ : state};
    words.insert(words.end(), more.begin(), more.end());
    return run_process(words);
  }
  static std::vector<CsvRow> rows_of(const std::string& folder) {
    return read_csv(folder + "/account.csv", {"site", "date", "class", "disturbed_ha", "net_ha"});
  }
  static double number(const CsvRow& row, const char* column) { return std::stod(row.cells.at(column)); }
  static CsvRow last_of_all(const std::string& folder) {
    const std::vector<CsvRow> rows = rows_of(folder);
    EXPECT_EQ(rows.back().cells.at("class"), "all");
    return rows.back();
  }

  static json features_of(const std::string& path) { return json::parse(read_text(path)).at("features"); }

  /// Ids of the objects that an account has, with their lineages.
  static std::set<std::string> ids_of(const std::string& folder) {
    std::set<std::string> ids;
    const json features = features_of(folder + "/account.geojson");
    for (const json& feature : features) {
      if (!feature.at("properties").at("counted").get<bool>()) continue;
      ids.insert(feature.at("id").get<std::string>());
      for (const json& former : feature.at("properties").at("lineage")) ids.insert(former.get<std::string>());
    }
    return ids;
  }

  /// All that these alerts ever held up to a time, by the register, as shapes on the plane.
  static std::vector<Geometry> held_by(const std::set<std::string>& ids, Instant until) {
    const ToZone to_zone;
    std::map<std::string, int> newest;
    const auto history = read_history(state_ + "/register.gpkg");
    for (const RegisteredEvent& event : history) {
      newest[event.alert_id] = std::max(newest[event.alert_id], event.revision);
    }
    std::vector<Geometry> shapes;
    for (const RegisteredEvent& event : history) {
      if (ids.count(event.alert_id) == 0 || event.at > until || event.revision != newest[event.alert_id]) continue;
      if (event.kind == AlertEventKind::closed || event.kind == AlertEventKind::superseded) continue;
      shapes.push_back(to_zone(json::parse(outline_json(event.outline))));
    }
    return shapes;
  }

  static std::string out(const std::string& name) { return *nights_ / name; }

  static test::Nights* nights_;
  static std::string state_;
};

test::Nights* AccountCli::nights_ = nullptr;
std::string AccountCli::state_;

TEST_F(AccountCli, WritesItsFilesAndChangesNothing) {
  const auto before = test::lasting_contents(state_);
  const std::string whole_register = read_text(state_ + "/register.gpkg");
  const Outcome first = account({"--out", out("first")});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("net_estimate_ha"));
  EXPECT_THAT(names_in(out("first")),
              ElementsAre("account-small.png", "account-small.svg", "account.csv", "account.geojson", "account.json"));
  EXPECT_EQ(test::lasting_contents(state_), before);
  EXPECT_EQ(read_text(state_ + "/register.gpkg"), whole_register);
  // And again, with other threads: the same bytes.
  const Outcome second = account({"--out", out("second"), "--threads", "1"});
  ASSERT_EQ(second.exit_code, 0) << second.err;
  for (const std::string& name : names_in(out("first"))) {
    EXPECT_EQ(read_text(out("first") + "/" + name), read_text(out("second") + "/" + name)) << name;
  }
  const Outcome printed = account({"--json"});
  EXPECT_EQ(printed.out, read_text(out("first") + "/account.json"));
}

TEST_F(AccountCli, CountsGroundOnceAtEveryDateAndClassesAddUp) {
  ASSERT_EQ(account({"--out", out("counts")}).exit_code, 0);
  const std::set<std::string> ids = ids_of(out("counts"));
  ASSERT_THAT(ids, SizeIs(testing::Ge(5U)));
  double sum = 0;
  double net_sum = 0;
  double before = 0;
  int dates = 0;
  for (const CsvRow& row : rows_of(out("counts"))) {
    const double disturbed = number(row, "disturbed_ha");
    const double net = number(row, "net_ha");
    EXPECT_NEAR(disturbed, net + number(row, "recovered_ha"), 1e-9);
    EXPECT_LE(number(row, "recovering_ha"), net + 1e-9);
    EXPECT_LE(number(row, "net_lower95_ha"), number(row, "net_upper95_ha"));
    if (row.cells.at("class") != "all") {
      sum += disturbed;
      net_sum += net;
      continue;
    }
    EXPECT_NEAR(disturbed, sum, 1e-9) << row.cells.at("date");
    EXPECT_NEAR(net, net_sum, 1e-9) << row.cells.at("date");
    EXPECT_GE(disturbed, before) << row.cells.at("date");
    // The plane's areas are those of the ellipsoid to 0.1 %.
    const double of_union = ha_of(union_of(held_by(ids, parse_instant(row.cells.at("date")))));
    EXPECT_NEAR(disturbed, of_union, 0.002 * of_union) << row.cells.at("date");
    before = disturbed;
    sum = net_sum = 0;
    ++dates;
  }
  EXPECT_GE(dates, 10);
}

TEST_F(AccountCli, AReferenceSampleOfTheTruthGivesTheTruth) {
  ASSERT_EQ(account({"--out", out("plain")}).exit_code, 0);
  const CsvRow plain = last_of_all(out("plain"));
  const std::vector<Geometry> mapped = held_by(ids_of(out("plain")), parse_instant(plain.cells.at("date")));
  const ToZone to_zone;
  std::vector<Geometry> truth;
  OGREnvelope box;
  const json events = features_of(night_scenes().scenes() + "/truth.geojson");
  for (const json& event : events) {
    if (event.at("properties").at("kind") == "disturbance") truth.push_back(to_zone(event.at("geometry")));
  }
  ASSERT_FALSE(truth.empty());
  const auto include = [&](const Geometry& shape) {
    OGREnvelope one;
    shape->getEnvelope(&one);
    box.Merge(one);
  };
  std::for_each(truth.begin(), truth.end(), include);
  std::for_each(mapped.begin(), mapped.end(), include);
  // The ground is the box of all; points on a lattice of 20 m, in strata as the account has them.
  const double mapped_ha = number(plain, "disturbed_ha");
  const double all_ha = (box.MaxX - box.MinX) * (box.MaxY - box.MinY) / 1e4;
  std::string csv = "map,reference,stratum_area_ha\n";
  for (double y = box.MinY + 5; y < box.MaxY; y += 20) {
    for (double x = box.MinX + 5; x < box.MaxX; x += 20) {
      const bool is_mapped = contains(mapped, x, y);
      csv += std::string(is_mapped ? "disturbed," : "undisturbed,") +
             (contains(truth, x, y) ? "disturbed," : "undisturbed,") +
             std::to_string(is_mapped ? mapped_ha : all_ha - mapped_ha) + "\n";
    }
  }
  write_text(out("sample.csv"), csv);
  const Outcome adjusted = account({"--out", out("adjusted"), "--reference", out("sample.csv")});
  ASSERT_EQ(adjusted.exit_code, 0) << adjusted.err;
  const CsvRow row = last_of_all(out("adjusted"));
  const double truth_ha = ha_of(union_of(truth));
  std::cout << "truth " << truth_ha << " mapped " << mapped_ha << " adjusted " << row.cells.at("disturbed_estimate_ha")
            << " (" << row.cells.at("disturbed_lower95_ha") << " to " << row.cells.at("disturbed_upper95_ha") << ")\n";
  EXPECT_LE(number(row, "disturbed_lower95_ha"), truth_ha);
  EXPECT_GE(number(row, "disturbed_upper95_ha"), truth_ha);
  EXPECT_EQ(row.cells.at("basis"), "reference_sample");
  EXPECT_EQ(row.cells.at("disturbed_ha"), plain.cells.at("disturbed_ha"));  // what is mapped stays what is mapped
}

TEST_F(AccountCli, WhatIsReviewedAsFalseIsTakenOutAndShown) {
  ASSERT_EQ(account({"--out", out("before_review")}).exit_code, 0);
  const std::string id =
      json::parse(read_text(out("before_review") + "/account.json")).at("sites").at(0).at("objects").at(0).at("id");
  test::Nights::copy(state_, out("reviewed"));
  ASSERT_EQ(run_process({PITWATCH_PROGRAM, "alerts", "review", id, "--state", out("reviewed"), "--verdict", "false",
                         "--reviewer", "A. Name"})
                .exit_code,
            0);
  ASSERT_EQ(account({"--out", out("after_review")}, out("reviewed")).exit_code, 0);
  EXPECT_EQ(ids_of(out("after_review")).count(id), 0U);
  EXPECT_LT(number(last_of_all(out("after_review")), "disturbed_ha"),
            number(last_of_all(out("before_review")), "disturbed_ha"));
  bool is_shown = false;
  const json features = features_of(out("after_review") + "/account.geojson");
  for (const json& feature : features) {
    if (feature.at("id") == id) is_shown = feature.at("properties").at("left_out") == "reviewed_false";
  }
  EXPECT_TRUE(is_shown);
}

TEST_F(AccountCli, MonthsAndPeriodsAreRowsOfTheSameAccount) {
  ASSERT_EQ(account({"--out", out("changes")}).exit_code, 0);
  ASSERT_EQ(account({"--out", out("months"), "--dates", "months"}).exit_code, 0);
  EXPECT_EQ(last_of_all(out("months")).cells.at("disturbed_ha"), last_of_all(out("changes")).cells.at("disturbed_ha"));
  const std::vector<CsvRow> changes = rows_of(out("changes"));
  const std::string middle = changes[changes.size() / 2].cells.at("date");
  ASSERT_EQ(account({"--out", out("until"), "--to", middle}).exit_code, 0);
  for (const CsvRow& row : changes) {
    if (row.cells.at("date") != middle || row.cells.at("class") != "all") continue;
    EXPECT_EQ(last_of_all(out("until")).cells.at("disturbed_ha"), row.cells.at("disturbed_ha"));
  }
  ASSERT_EQ(account({"--out", out("since"), "--from", middle}).exit_code, 0);
  EXPECT_EQ(rows_of(out("since")).front().cells.at("date"), middle);
  EXPECT_EQ(last_of_all(out("since")).cells, last_of_all(out("changes")).cells);
}

TEST_F(AccountCli, AWatchedSiteWithoutAlertsHasARowOfNothing) {
  const Outcome made = account({"--out", out("clean"), "--to", "2021-12-01", "--site", "small"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(made.err, "");
  const std::vector<CsvRow> rows = rows_of(out("clean"));
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].cells.at("class"), "all");
  EXPECT_EQ(number(rows[0], "disturbed_ha"), 0);
  EXPECT_THAT(rows[0].cells.at("date"), StartsWith("2021-12-01"));
  EXPECT_THAT(made.out, HasSubstr("small"));
  // Before its history was learnt nobody could have found anything.
  const Outcome before = account({"--out", out("before"), "--to", "2021-09-01"});
  EXPECT_EQ(before.exit_code, 0);
  EXPECT_THAT(before.err, HasSubstr("site small: was not watched yet"));
  EXPECT_THAT(rows_of(out("before")), SizeIs(0));
  // Who has the register alone cannot tell.
  const Outcome alone = run_process({PITWATCH_PROGRAM, "account", "--register", state_ + "/register.gpkg", "--out",
                                     out("alone"), "--to", "2021-12-01", "--site", "small"});
  EXPECT_EQ(alone.exit_code, 2) << alone.err;
}

TEST_F(AccountCli, SaysHowGroundRecovers) {
  const Outcome made = account({"--out", out("recovery"), "--recovery", "--sites", night_scenes().sites(), "--source",
                                nights_->inbox(), "--history-days", "150", "--quiet"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  // Sites and source without --recovery, as a configuration shared with run has them, ask for nothing.
  ASSERT_EQ(account({"--out", out("no_recovery"), "--sites", night_scenes().sites(), "--source", "/nowhere"}).exit_code,
            0);
  EXPECT_EQ(read_text(out("recovery") + "/account.csv"), read_text(out("no_recovery") + "/account.csv"));
  int told = 0;
  const json objects = json::parse(read_text(out("recovery") + "/account.json")).at("sites").at(0).at("objects");
  for (const json& object : objects) {
    const json& recovery = object.at("recovery");
    ASSERT_TRUE(recovery.is_object()) << object.at("id");
    // Nothing that was dug in these scenes grows over before they end.
    if (object.at("status") == "confirmed" && object.at("class") == "vegetation_to_bare") {
      EXPECT_NE(recovery.at("state"), "regrown") << object.dump();
      told += recovery.at("share").is_object() ? 1 : 0;
    }
  }
  EXPECT_GE(told, 1);
  const json features = features_of(out("no_recovery") + "/account.geojson");
  for (const json& feature : features) {
    if (feature.at("properties").at("counted").get<bool>()) {
      EXPECT_TRUE(feature.at("properties").at("recovery").is_null());
    }
  }
}

TEST_F(AccountCli, RefusesInOneLine) {
  const auto refused = [&](const std::vector<std::string>& more, int code, const std::string& reason,
                           const std::string& state = {}) {
    const Outcome outcome = account(more, state);
    EXPECT_EQ(outcome.exit_code, code) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(reason));
    EXPECT_THAT(lines_of(outcome.err), SizeIs(1));
    EXPECT_EQ(outcome.out, "");
  };
  const std::string none = out("none");
  refused({}, 2, "--out DIR is missing");
  refused({"--out", none, "--site", "elsewhere"}, 2, "--site elsewhere");
  refused({"--out", none, "--dates", "weeks"}, 2, "--dates");
  refused({"--out", none, "--max-natural", "2"}, 2, "--max-natural");
  refused({"--out", none, "--from", "2022-06-01", "--to", "2022-05-01"}, 2, "--from is later than --to");
  refused({"--out", none, "--recovery", "--source", nights_->inbox()}, 2, "--sites FILE is missing");
  refused({"--out", none}, 3, "register.gpkg", out("no_such_state"));
  write_text(out("hostile.csv"), "map,reference,stratum_area_ha\n=cmd(),disturbed,1\n");
  refused({"--out", none, "--reference", out("hostile.csv")}, 3, "hostile.csv: line 2: '=cmd()'");
  write_text(out("hostile.geojson"), std::string(100'000, '['));
  refused({"--out", none, "--reference", out("hostile.geojson")}, 3, "hostile.geojson: ");
  // A sample of another map: strata of a hundred times the ground, and of three times.
  const double mapped_ha = [&] {
    EXPECT_EQ(account({"--out", out("plain")}).exit_code, 0);
    return number(last_of_all(out("plain")), "disturbed_ha");
  }();
  const auto sample = [&](double factor) {
    write_text(out("factor.csv"), "map,reference,stratum_area_ha,count\ndisturbed,disturbed," +
                                      std::to_string(factor * mapped_ha) + ",9\nundisturbed,undisturbed,1000,9\n");
    return out("factor.csv");
  };
  refused({"--out", none, "--reference", sample(100)}, 3, "factor.csv: all that is disturbed has ");
  refused({"--out", none, "--reference", sample(0.01)}, 3, "the sample is of another map");
  const Outcome remarked = account({"--out", out("remarked"), "--reference", sample(3)});
  EXPECT_EQ(remarked.exit_code, 0);
  EXPECT_THAT(remarked.err, HasSubstr("is the sample of this map?"));
  EXPECT_THAT(read_text(out("remarked") + "/account.json"), HasSubstr("is the sample of this map?"));
  EXPECT_THAT(account({"--out", out("same"), "--reference", sample(1)}).err, testing::Not(HasSubstr("of this map")));
  write_text(out("other.csv"),
             "site,map,reference,stratum_area_ha,count\nx,disturbed,disturbed,1,5\nx,undisturbed,undisturbed,9,5\n");
  refused({"--out", none, "--reference", out("other.csv")}, 3, "no site 'x'");
  EXPECT_FALSE(fs::exists(none));
}

}  // namespace
}  // namespace pitwatch
