// pitwatch context, and run --context: what layers say of alerts, against truth that is worked out here by other means.

#include <gdal_priv.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ogrsf_frmts.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "pipeline/io/alerts/alert_reader.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"
#include "pipeline/io/vector/vector_features.hpp"
#include "pipeline/register/register.hpp"
#include "tests/integration/http_server.hpp"
#include "tests/integration/nights.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::lines_of;
using test::Nights;
using test::Outcome;
using test::read_text;
using test::run_process;
using test::TemporaryFolder;
using test::write_text;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

const std::string samples = PITWATCH_SOURCE_DIR "/sample_data/";

/// A state after all nights, made once.
class States {
 public:
  States() {
    nights_.deliver(0, test::night_scenes().names().size());
    const Outcome run = nights_.run(nights_ / "state");
    if (run.exit_code != 0) throw std::runtime_error(run.err);
  }
  const Nights& nights() const { return nights_; }
  std::string state() const { return nights_ / "state"; }

 private:
  Nights nights_;
};

const States& states() {
  static const States made;
  return made;
}

Outcome pitwatch(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{PITWATCH_PROGRAM};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_process(command);
}

/// A copy of that state, and layers of its own that may be changed.
class ContextCli : public ::testing::Test {
 protected:
  ContextCli() {
    Nights::copy(states().state(), state_);
    fs::create_directories(layers_);
    for (const auto& entry : fs::directory_iterator(samples)) {
      if (entry.path().string().ends_with("json")) fs::copy(entry.path(), layers_);
    }
  }
  std::string layer(const std::string& name) const { return layers_ + "/" + name; }
  Outcome context(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"context", "--state", state_, "--layers", layer("context.json")});
    return pitwatch(more);
  }
  std::vector<OutlinedAlert> alerts() const { return read_alerts_geojson(state_ + "/alerts.geojson"); }
  std::string target() const { return state_ + "/register.gpkg"; }
  std::string published() const { return read_text(state_ + "/alerts.geojson"); }
  /// Edits one layer as JSON.
  void edit(const std::string& name, const std::function<void(json&)>& change) const {
    json collection = json::parse(read_text(layer(name)));
    change(collection);
    write_text(layer(name), collection.dump());
  }
  /// The licence layer from another file, with more members of its entry.
  void set_licences(const std::string& source, const json& more = json::object()) const {
    edit("context.json", [&](json& config) {
      json& licences = config["layers"][0];
      licences["source"] = source;
      licences.update(more);
    });
  }

  TemporaryFolder folder_;
  std::string state_ = folder_ / "state";
  std::string layers_ = folder_ / "layers";
};

// ---- truth

std::vector<MapPoint> points_along(const std::vector<LonLat>& line, bool is_ring) {
  static ToWgs84 to_wgs84("EPSG:32638");
  std::vector<MapPoint> points;
  for (std::size_t i = 0; i + (is_ring ? 0 : 1) < line.size(); ++i) {
    const MapPoint a = to_wgs84.to_map(line[i]);
    const MapPoint b = to_wgs84.to_map(line[(i + 1) % line.size()]);
    const int steps = std::max(1, static_cast<int>(std::hypot(b.x - a.x, b.y - a.y)));
    for (int k = 0; k <= steps; ++k) {
      points.push_back({a.x + (b.x - a.x) * k / steps, a.y + (b.y - a.y) * k / steps});
    }
  }
  return points;
}

/// Metres on the ground between points every metre along two lines: at most a metre too much.
double distance_m(const std::vector<MapPoint>& a, const std::vector<MapPoint>& b) {
  static ToWgs84 to_wgs84("EPSG:32638");
  double least = std::numeric_limits<double>::infinity();
  MapPoint from, to;
  for (const MapPoint& p : a) {
    for (const MapPoint& q : b) {
      const double square = (p.x - q.x) * (p.x - q.x) + (p.y - q.y) * (p.y - q.y);
      if (square < least) {
        least = square;
        from = p;
        to = q;
      }
    }
  }
  return geodesic_distance_m(to_wgs84(from), to_wgs84(to));
}

/// Hectares that an alert has in common with each feature, on an equal-area plane, by GEOS.
std::map<std::string, double> truth_ha(const OutlinedAlert& alert, const std::string& file) {
  const LonLat centre = alert.outline[0].outer[0];
  PolygonLayer own(centre);
  own.add("alert", alert.outline);
  const auto features = read_vector_features(file).features;
  PolygonLayer others(centre);
  for (const VectorFeature& feature : features) others.add(feature.id, feature.shape);
  std::map<std::string, double> hectares;
  for (const PolygonOverlap& overlap : overlaps(own, others)) {
    hectares[features[overlap.second].id] += overlap.intersection_m2 / 1e4;
  }
  return hectares;
}

std::map<std::string, std::string> holders_of(const std::string& file) {
  std::map<std::string, std::string> holders;
  for (const VectorFeature& feature : read_vector_features(file).features) {
    holders[feature.id] = *text_attribute(feature, "holder");
  }
  return holders;
}

/// Of the facts on record those of a subject's parts, of one alert.
std::map<std::string, double> recorded_ha(const std::vector<RegisteredFact>& facts, const std::string& alert,
                                          const std::string& subject) {
  std::map<std::string, double> hectares;
  for (const RegisteredFact& fact : facts) {
    if (fact.alert_id == alert && fact.detail.subject == subject && fact.columns.empty()) {
      hectares[fact.detail.feature_id] += fact.detail.area_ha.value_or(0);
    }
  }
  return hectares;
}

TEST_F(ContextCli, SaysWhoseGroundItIsAsTheMapsDo) {
  const std::string before = published();
  const Outcome outcome = context();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("nearest water"));
  EXPECT_THAT(outcome.out, HasSubstr("Illustrative Gold Ltd"));
  EXPECT_THAT(before, Not(HasSubstr("licence_")));
  EXPECT_EQ(test::verify(state_).exit_code, 0) << test::verify(state_).out;

  const std::vector<RegisteredFact> facts = read_facts(target());
  const auto holders = holders_of(layer("licences.geojson"));
  std::map<std::string, double> by_holder, truth_by_holder;
  double total = 0;
  ASSERT_FALSE(alerts().empty());
  for (const OutlinedAlert& one : alerts()) {
    const Alert& alert = one.alert;
    ASSERT_TRUE(alert.context.licence && alert.context.parcel && alert.context.protected_area && alert.context.water);
    total += alert.area_ha;
    for (const auto& [subject, file] : {std::pair{"licence", "licences.geojson"},
                                        {"parcel", "parcels.geojson"},
                                        {"protected_area", "protected_areas.geojson"}}) {
      const auto truth = truth_ha(one, layer(file));
      double sum = 0;
      for (const auto& [id, hectares] : recorded_ha(facts, alert.id, subject)) {
        sum += hectares;
        if (id.empty()) continue;
        const auto expected = truth.find(id);
        EXPECT_NEAR(hectares, expected == truth.end() ? 0 : expected->second, 0.01) << alert.id << " " << id;
        if (std::string(subject) == "licence") by_holder[holders.at(id)] += hectares;
      }
      EXPECT_NEAR(sum, alert.area_ha, 0.001) << alert.id << " " << subject;
    }
    double inside = 0;
    for (const auto& [id, hectares] : truth_ha(one, layer("licences.geojson"))) {
      inside += hectares;
      truth_by_holder[holders.at(id)] += hectares;
    }
    EXPECT_NEAR(alert.context.licence->area_ha, inside, 0.01);
    const BoundaryVerdict verdict = alert.context.licence->verdict;
    if (verdict == BoundaryVerdict::inside) {
      EXPECT_GT(inside, alert.area_ha / 2);
    }
    if (verdict == BoundaryVerdict::outside) {
      EXPECT_LT(inside, alert.area_ha / 2);
    }
    const auto in_site = truth_ha(one, test::night_scenes().sites());
    EXPECT_NEAR(*alert.context.site_share, in_site.empty() ? 0 : in_site.begin()->second / alert.area_ha, 0.02);
  }
  for (const auto& [holder, hectares] : truth_by_holder) EXPECT_NEAR(by_holder[holder], hectares, 0.02) << holder;
  EXPECT_GT(total, 1);
}

TEST_F(ContextCli, SaysHowFarTheWatersAreAsTheMapsDo) {
  ASSERT_EQ(context().exit_code, 0);
  const json rivers = json::parse(read_text(layer("rivers.geojson")));
  const json springs = json::parse(read_text(layer("springs.geojson")));
  for (const OutlinedAlert& one : alerts()) {
    std::vector<MapPoint> outline;
    for (const LonLatPolygon& polygon : one.outline) {
      for (const MapPoint& point : points_along(polygon.outer, true)) outline.push_back(point);
    }
    double river = std::numeric_limits<double>::infinity();
    for (const json& feature : rivers["features"]) {
      std::vector<LonLat> line;
      for (const json& place : feature["geometry"]["coordinates"]) line.push_back({place[0], place[1]});
      const double far = distance_m(outline, points_along(line, false));
      river = std::min(river, far);
    }
    EXPECT_NEAR(one.alert.context.water->surface->distance_m, river, 1.5) << one.alert.id;
    double spring = std::numeric_limits<double>::infinity();
    std::string name;
    for (const json& feature : springs["features"]) {
      if (feature["properties"]["kind"] != "spring") continue;
      const LonLat place{feature["geometry"]["coordinates"][0], feature["geometry"]["coordinates"][1]};
      static ToWgs84 to_wgs84("EPSG:32638");
      const double far = distance_m(outline, {to_wgs84.to_map(place)});
      if (far < spring) name = feature["properties"]["id"];
      spring = std::min(spring, far);
    }
    EXPECT_NEAR(one.alert.context.water->spring->distance_m, spring, 1.5);
    EXPECT_EQ(one.alert.context.water->spring->name, name);
  }
}

TEST_F(ContextCli, AgainWithTheSameLayersAddsNothingAndRunsKeepWhatIsKnown) {
  ASSERT_EQ(context().exit_code, 0);
  const std::string alerts_before = published();
  const std::vector<RegisteredFact> facts = read_facts(target());
  const Outcome again = context({"--json"});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(json::parse(again.out)["new_facts"], 0);
  EXPECT_EQ(json::parse(again.out)["changed"], false);
  EXPECT_EQ(read_facts(target()), facts);
  EXPECT_TRUE(published() == alerts_before);
  const Outcome night = states().nights().run(state_);
  EXPECT_EQ(night.exit_code, 0) << night.err;
  EXPECT_TRUE(published() == alerts_before) << "a run without layers loses nothing";
  EXPECT_EQ(read_facts(target()), facts);
  EXPECT_EQ(test::verify(state_).exit_code, 0);
  std::vector<std::string> commands;
  for (const RunRow& run : read_runs(target())) commands.push_back(run.command);
  EXPECT_EQ(commands, (std::vector<std::string>{"run", "context", "context", "run"}));
}

TEST_F(ContextCli, AChangedLayerMakesNewFactsAndTheOldOnesStay) {
  ASSERT_EQ(context().exit_code, 0);
  const std::vector<RegisteredFact> before = read_facts(target());
  edit("licences.geojson", [](json& licences) { licences["features"][0]["properties"]["holder"] = "Heir Ltd"; });
  const Outcome outcome = context({"--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<RegisteredFact> after = read_facts(target());
  ASSERT_GT(after.size(), before.size());
  EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin()));
  for (std::size_t i = before.size(); i < after.size(); ++i) {
    EXPECT_EQ(after[i].detail.subject, "licence");
    EXPECT_GT(after[i].worked_out, before.back().worked_out);
  }
  EXPECT_THAT(read_context_layers(target()), SizeIs(8)) << "seven, and one anew";
  EXPECT_EQ(test::verify(state_).exit_code, 0);
  const Outcome list = pitwatch({"alerts", "list", "--state", state_, "--holder", "Heir Ltd", "--all", "--json"});
  EXPECT_FALSE(json::parse(list.out).empty());
  const Outcome none = pitwatch({"alerts", "list", "--state", state_, "--licence", "LIC-D-01", "--all", "--json"});
  EXPECT_TRUE(json::parse(none.out).empty());
}

TEST_F(ContextCli, AChangedTableOfAShapefileIsAnotherLayer) {
  GDALAllRegister();
  {
    const GDALDatasetUniquePtr from(GDALDataset::Open(layer("licences.geojson").c_str(), GDAL_OF_VECTOR));
    const GDALDatasetUniquePtr to(GetGDALDriverManager()
                                      ->GetDriverByName("ESRI Shapefile")
                                      ->Create(layer("licences.shp").c_str(), 0, 0, 0, GDT_Unknown, nullptr));
    ASSERT_TRUE(from && to && to->CopyLayer(from->GetLayer(0), "licences") != nullptr);
  }
  set_licences(layer("licences.shp"));
  const auto hash = [&] {
    const Outcome outcome = context({"--json"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return json::parse(outcome.out)["layers"][0]["sha256"].get<std::string>();
  };
  const std::string before = hash();
  const std::string sum = "cd '" + layers_ + "' && sha256sum licences.shp licences.shx licences.dbf licences.prj " +
                          "licences.cpg | sha256sum";
  EXPECT_THAT(run_process({"/bin/sh", "-c", sum}).out, testing::StartsWith(before));
  std::string table = read_text(layer("licences.dbf"));
  const std::size_t holder = table.find("Illustrative");
  ASSERT_NE(holder, std::string::npos);
  table.replace(holder, 12, "Another firm");
  write_text(layer("licences.dbf"), table);
  EXPECT_NE(hash(), before);
}

TEST_F(ContextCli, RunWithLayersLeavesWhatRunAndContextLeave) {
  ASSERT_EQ(context().exit_code, 0);
  const Nights& nights = states().nights();
  const std::string other = folder_ / "other";
  const std::vector<std::string> with{"--context", layer("context.json")};
  const Outcome night = nights.run(other, with);
  ASSERT_EQ(night.exit_code, 0) << night.err;
  const auto undated = [](const std::string& text) {
    return std::regex_replace(text, std::regex(R"(_worked_out": "[^"]*")"), "_worked_out\": \"\"");
  };
  EXPECT_TRUE(undated(read_text(other + "/alerts.geojson")) == undated(published()));
  const std::string alerts_before = read_text(other + "/alerts.geojson");
  EXPECT_EQ(nights.run(other, with).exit_code, 0);
  EXPECT_TRUE(read_text(other + "/alerts.geojson") == alerts_before);
  EXPECT_THAT(read_facts(other + "/register.gpkg"), SizeIs(read_facts(target()).size()));
  EXPECT_EQ(test::verify(other).exit_code, 0);
  const Outcome again = pitwatch({"rerun", "--sites", test::night_scenes().sites(), "--source", nights.inbox(),
                                  "--from", "2021-01-01", "--to", "2023-01-01", "--out", folder_ / "again",
                                  "--register", other + "/register.gpkg", "--history-days", "150", "--quiet"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(read_text(folder_ / "again/alerts.geojson") == alerts_before);
  EXPECT_EQ(test::verify(other, {"--derive", "--no-inputs"}).exit_code, 0);
}

/// A shapefile without a CRS.
void write_without_crs(const std::string& path) {
  GDALAllRegister();
  GDALDriver* const driver = GetGDALDriverManager()->GetDriverByName("ESRI Shapefile");
  const GDALDatasetUniquePtr dataset(driver->Create(path.c_str(), 0, 0, 0, GDT_Unknown, nullptr));
  OGRLayer* const layer = dataset->CreateLayer("licences", nullptr, wkbPolygon, nullptr);
  for (const char* const name : {"id", "holder", "valid_from", "valid_to"}) {
    OGRFieldDefn field(name, OFTString);
    layer->CreateField(&field);
  }
  OGRFeature feature(layer->GetLayerDefn());
  feature.SetField("id", "L");
  OGRGeometry* square = nullptr;
  OGRGeometryFactory::createFromWkt("POLYGON ((46 40, 47 40, 47 41, 46 41, 46 40))", nullptr, &square);
  feature.SetGeometryDirectly(square);
  if (layer->CreateFeature(&feature) != OGRERR_NONE) throw std::runtime_error(path + ": cannot be written");
}

TEST_F(ContextCli, ABrokenLayerIsNamedInOneLineAndTheOldFactsStay) {
  ASSERT_EQ(context().exit_code, 0);
  const std::string good = read_text(layer("licences.geojson"));
  const std::vector<RegisteredFact> before = read_facts(target());
  const std::string alerts_before = published();
  const auto expect_skipped = [&](const std::string& kind, const std::string& why) {
    const Outcome outcome = context();
    EXPECT_EQ(outcome.exit_code, 4) << kind << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("layer licences: ")) << kind;
    EXPECT_THAT(outcome.err, HasSubstr(why)) << kind;
    EXPECT_THAT(outcome.err, Not(HasSubstr("\x1b["))) << kind;
    int errors = 0;
    for (const std::string& line : lines_of(outcome.err)) errors += line.find("licences") != std::string::npos ? 1 : 0;
    EXPECT_EQ(errors, 1) << kind << outcome.err;
    EXPECT_EQ(read_facts(target()), before) << kind;
    EXPECT_TRUE(published() == alerts_before) << kind;
    EXPECT_EQ(test::verify(state_).exit_code, 0) << kind;
    EXPECT_NE(read_context_layers(target()).back().layer.problem, "") << kind;
  };
  write_text(layer("licences.geojson"), R"({"type": "FeatureCollection", "features": []})");
  expect_skipped("empty", "is empty");
  write_text(layer("licences.geojson"), "not a layer");
  expect_skipped("no layer", "cannot open as a vector file");
  write_text(layer("licences.geojson"), std::regex_replace(good, std::regex("Illustrative Gold"), "\\u001b[31mGold"));
  expect_skipped("hostile text", "not clean");
  set_licences("springs.geojson");
  expect_skipped("no such column", "holder");
  edit("context.json", [](json& config) { config["layers"][0]["columns"] = {{"id", "id"}}; });
  expect_skipped("wrong geometry", "has no polygon");
  write_without_crs(layer("licences.shp"));
  set_licences("licences.shp");
  expect_skipped("no CRS", "CRS");
  set_licences("gone.geojson");
  expect_skipped("missing", "gone.geojson");

  write_text(layer("licences.geojson"), good);
  set_licences(
      "licences.geojson",
      {{"columns", {{"id", "id"}, {"holder", "holder"}, {"valid_from", "valid_from"}, {"valid_to", "valid_to"}}}});
  const Outcome whole = context();
  EXPECT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_EQ(read_facts(target()), before);
}

TEST_F(ContextCli, ALayerThatAnotherProgramHasLockedIsSkipped) {
  GDALAllRegister();
  const std::string locked = layer("licences.gpkg");
  {
    const GDALDatasetUniquePtr from(
        GDALDataset::Open(layer("licences.geojson").c_str(), GDAL_OF_VECTOR, nullptr, nullptr, nullptr));
    GDALDriver* const driver = GetGDALDriverManager()->GetDriverByName("GPKG");
    const GDALDatasetUniquePtr to(driver->Create(locked.c_str(), 0, 0, 0, GDT_Unknown, nullptr));
    ASSERT_NE(to->CopyLayer(from->GetLayer(0), "licences", nullptr), nullptr);
  }
  set_licences("licences.gpkg");
  ASSERT_EQ(context().exit_code, 0);
  const std::vector<RegisteredFact> before = read_facts(target());
  GDALDatasetUniquePtr holder(
      GDALDataset::Open(locked.c_str(), GDAL_OF_VECTOR | GDAL_OF_UPDATE, nullptr, nullptr, nullptr));
  holder->ReleaseResultSet(holder->ExecuteSQL("BEGIN EXCLUSIVE", nullptr, nullptr));
  const Outcome outcome = context();
  EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("layer licences: "));
  EXPECT_EQ(read_facts(target()), before);
  holder.reset();
  EXPECT_EQ(context().exit_code, 0);
}

TEST_F(ContextCli, LayersComeFromTheNetworkPageByPage) {
  ASSERT_EQ(context().exit_code, 0);
  const std::string alerts_before = published();
  const std::string served = folder_ / "served";
  fs::create_directories(served);
  // As an OGC API pages: one feature, and a link to the next.
  const json licences = json::parse(read_text(layer("licences.geojson")));
  const std::size_t pages = licences.at("features").size();
  for (std::size_t i = 0; i < pages; ++i) {
    json page{{"type", "FeatureCollection"}, {"features", {licences.at("features").at(i)}}, {"links", json::array()}};
    if (i + 1 < pages) page["links"].push_back({{"rel", "next"}, {"href", std::to_string(i + 1) + ".json?f=json"}});
    write_text(served + "/" + std::to_string(i) + ".json", page.dump());
  }
  const test::HttpServer server(served);
  const std::vector<std::string> allowed{"--allow-host", server.url(""), "--json"};
  set_licences(server.url("/files/0.json?f=json"));
  const Outcome all = context(allowed);
  EXPECT_EQ(all.exit_code, 0) << all.err;
  EXPECT_EQ(json::parse(all.out)["new_facts"], 0) << "the same licences as from the file";
  EXPECT_TRUE(published() == alerts_before);
  EXPECT_EQ(json::parse(all.out)["layers"][0]["features"], pages);

  // What the network does not give is named in one line with its reason, and the facts stay.
  write_text(served + "/again.json", json{{"type", "FeatureCollection"},
                                          {"features", licences.at("features")},
                                          {"links", {{{"rel", "next"}, {"href", "again.json"}}}}}
                                         .dump());
  write_text(served + "/table.json", R"({"type": "Table"})");
  // Services give no more at once than they like.
  const auto capped = [&](const std::string& name, const json& members) {
    json page{{"type", "FeatureCollection"}, {"features", licences.at("features")}};
    page.update(members);
    write_text(served + "/" + name, page.dump());
  };
  capped("matched.json", {{"numberMatched", pages + 1}});
  capped("total.json", {{"totalFeatures", pages + 1}, {"numberMatched", "unknown"}});
  capped("exceeded.json", {{"exceededTransferLimit", true}});
  capped("within.json", {{"properties", {{"exceededTransferLimit", true}}}});
  capped("paged.json", {{"features", {licences.at("features").at(0)}},
                        {"links", {{{"rel", "next"}, {"href", "1.json"}}}},
                        {"numberMatched", pages + 1}});
  json other{{"features", {licences.at("features").at(0)}}, {"links", {{{"rel", "NEXT"}, {"href", "1.json"}}}}};
  other["crs"] = {{"type", "name"}, {"properties", {{"name", "EPSG:32638"}}}};
  capped("crs.json", other);
  capped("fewer.json", {{"numberMatched", pages - 1}, {"exceededTransferLimit", false}});  // an estimate
  set_licences(server.url("/files/fewer.json"));
  EXPECT_EQ(context(allowed).exit_code, 0);
  const std::string cut = "states " + std::to_string(pages + 1) + " features and gave " + std::to_string(pages);
  const std::map<std::string, std::string> wrong{{"/files/gone.json", "404"},
                                                 {"/files/again.json", "was there before"},
                                                 {"/files/table.json", "no FeatureCollection"},
                                                 {"/files/matched.json", cut},
                                                 {"/files/total.json", cut},
                                                 {"/files/paged.json", cut},
                                                 {"/files/crs.json", "its pages have different CRSs"},
                                                 {"/files/exceeded.json", "says that there are more"},
                                                 {"/files/within.json", "says that there are more"},
                                                 {"/~elsewhere/files/0.json", "layer licences"},
                                                 {"/~lie/files/0.json", "layer licences"}};
  for (const auto& [path, reason] : wrong) {
    set_licences(server.url(path));
    const Outcome outcome = context(allowed);
    EXPECT_EQ(outcome.exit_code, 4) << path;
    EXPECT_THAT(outcome.err, HasSubstr("layer licences: "));
    EXPECT_THAT(outcome.err, HasSubstr(reason));
    EXPECT_TRUE(published() == alerts_before) << path;
  }
  // And a host that nobody allowed is not asked at all.
  set_licences(server.url("/files/0.json"));
  const Outcome refused = context();
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_THAT(refused.err, HasSubstr("--allow-host"));
}

TEST_F(ContextCli, AFeatureWhoseAxesMayBeSwappedIsNamed) {
  edit("licences.geojson", [](json& collection) {
    json swapped = collection.at("features").at(0);
    swapped["properties"]["id"] = "L-SWAPPED";
    for (json& ring : swapped["geometry"]["coordinates"]) {
      for (json& place : ring) std::swap(place[0], place[1]);
    }
    collection["features"].push_back(swapped);
  });
  const Outcome outcome = context();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("layer licences: far from all sites, but at one if longitude and latitude were "
                                     "swapped: L-SWAPPED"));
}

TEST_F(ContextCli, ABrokenLayerDoesNotKeepANightFromPublishing) {
  const std::string other = folder_ / "other";
  const std::vector<std::string> with{"--context", layer("context.json")};
  fs::remove(layer("licences.geojson"));
  const Outcome night = states().nights().run(other, with);
  EXPECT_EQ(night.exit_code, 4) << night.err;
  EXPECT_THAT(night.err, HasSubstr("layer licences: "));
  EXPECT_EQ(test::published_ids(other), test::published_ids(state_));
  EXPECT_THAT(read_text(other + "/alerts.geojson"), Not(HasSubstr("licence_")));
  EXPECT_THAT(read_text(other + "/alerts.geojson"), HasSubstr("parcel_ids"));
  const Outcome status = pitwatch({"status", "--state", other});
  EXPECT_THAT(status.out, HasSubstr("layer licences"));
}

TEST_F(ContextCli, AFeatureThatIsLeftOutIsNamedAndLeavesOpenWhatLiesThere) {
  const auto count = [&](const std::string& state, BoundaryVerdict verdict) {
    const std::vector<OutlinedAlert> all = read_alerts_geojson(state + "/alerts.geojson");
    return std::count_if(all.begin(), all.end(), [&](const OutlinedAlert& one) {
      return one.alert.context.licence && one.alert.context.licence->verdict == verdict;
    });
  };
  edit("licences.geojson", [](json& collection) {
    for (json& feature : collection["features"]) {
      json& geometry = feature["geometry"];
      if (feature["properties"]["id"] != "LIC-G-01") continue;
      geometry = {{"type", "LineString"}, {"coordinates", geometry["coordinates"][0]}};
    }
  });
  const Outcome outcome = context();
  EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("layer licences: 1 feature is left out, other_geometry: LIC-G-01"));
  EXPECT_THAT(outcome.err, HasSubstr("may be (LIC-G-01, other_geometry): on whose ground cannot be told"));
  EXPECT_GT(count(state_, BoundaryVerdict::cannot_tell), 0);
  EXPECT_EQ(test::verify(state_).exit_code, 0);
  EXPECT_THAT(pitwatch({"status", "--state", state_}).out, HasSubstr("layer licences"));

  const std::string other = folder_ / "other";
  const Outcome night = states().nights().run(other, {"--context", layer("context.json")});
  EXPECT_EQ(night.exit_code, 4) << night.err;
  EXPECT_THAT(night.err, HasSubstr("may be (LIC-G-01, other_geometry): on whose ground cannot be told"));
  EXPECT_EQ(count(other, BoundaryVerdict::cannot_tell), count(state_, BoundaryVerdict::cannot_tell));
  EXPECT_EQ(test::verify(other).exit_code, 0);

  edit("context.json", [](json& config) { config["layers"][0]["where"] = "id <> 'LIC-G-01'"; });
  const Outcome knowingly = context();
  EXPECT_EQ(knowingly.exit_code, 0) << knowingly.err;
  EXPECT_THAT(knowingly.err, Not(HasSubstr("left out")));
}

TEST_F(ContextCli, WhatIsMadePublicSaysNothingOfThisMachine) {
  const std::string other = folder_ / "other";
  fs::remove(layer("licences.geojson"));
  ASSERT_EQ(states().nights().run(other, {"--context", layer("context.json")}).exit_code, 4);
  const auto expect_no_paths = [&](const std::string& out) {
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(out)) {
      if (!entry.is_regular_file()) continue;
      ++files;
      const std::string bytes = read_text(entry.path().string());
      for (const std::string& place : {other, layers_, test::night_scenes().sites(), states().nights().inbox()}) {
        EXPECT_EQ(bytes.find(place), std::string::npos) << entry.path() << ": " << place;
      }
    }
    EXPECT_GT(files, 2U) << out;
  };
  const auto map = [&](const std::string& out) {
    const Outcome made = pitwatch({"map", "--state", other, "--out", out, "--quiet"});
    EXPECT_EQ(made.exit_code, 4);
    expect_no_paths(out);
    return made.err;
  };
  EXPECT_THAT(map(folder_ / "map"), HasSubstr("layer licences: "));
  ASSERT_EQ(pitwatch({"publish", "--state", other, "--out", folder_ / "public", "--quiet"}).exit_code, 0);
  expect_no_paths(folder_ / "public");
  const auto report = [&](const std::string& out, const std::string& language) {
    ASSERT_EQ(pitwatch({"report", "--state", other, "--out", out, "--lang", language, "--without-reviewers", "--quiet"})
                  .exit_code,
              0);
    expect_no_paths(out);
  };
  report(folder_ / "en", "en");
  report(folder_ / "az", "az");
  fs::remove(layer("context.json"));
  EXPECT_THAT(map(folder_ / "map"), HasSubstr(layer("context.json"))) << "whoever makes it is told";
  EXPECT_THAT(read_text(folder_ / "map/data/map.js"), HasSubstr(R"("what":"layers")"));
}

TEST_F(ContextCli, AnUnknownSiteIsNamed) {
  edit("context.json", [](json& config) {
    config["groundwater"] = {{"depth_m", 5}, {"sites", {{"small", {{"depth_m", 1}}}, {"smal", {{"depth_m", 1}}}}}};
  });
  const Outcome outcome = context();
  EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("groundwater of site 'smal': is no site of "));
  EXPECT_THAT(outcome.err, Not(HasSubstr("'small'")));
}

TEST_F(ContextCli, RefusesWhatCannotBeDone) {
  EXPECT_EQ(pitwatch({"context", "--state", state_}).exit_code, 2);
  EXPECT_EQ(pitwatch({"context", "--layers", layer("context.json")}).exit_code, 2);
  EXPECT_EQ(pitwatch({"context", "--state", folder_ / "none", "--layers", layer("context.json")}).exit_code, 3);
  EXPECT_EQ(pitwatch({"context", "--state", state_, "--layers", layer("gone.json")}).exit_code, 2);
  EXPECT_EQ(context({"--register", folder_ / "other.gpkg"}).exit_code, 2);
  EXPECT_EQ(states().nights().run(folder_ / "other", {"--context", layer("gone.json")}).exit_code, 2);
  EXPECT_FALSE(fs::exists(folder_ / "other/alerts.geojson"));
  const std::string before = published();
  {
    const FolderLock lock(state_);
    const Outcome busy = context();
    EXPECT_EQ(busy.exit_code, 75) << busy.err;
  }
  for (const char* const name : {"licences", "parcels", "protected_areas", "rivers", "reservoir", "springs"}) {
    fs::remove(layer(std::string(name) + ".geojson"));
  }
  const Outcome nothing = context();
  EXPECT_EQ(nothing.exit_code, 3);
  EXPECT_THAT(lines_of(nothing.err), SizeIs(1)) << nothing.err;
  EXPECT_TRUE(published() == before);
  EXPECT_EQ(test::verify(state_).exit_code, 0);
}

TEST_F(ContextCli, ABoundaryThatMovesByFiveMetresMakesNoInsideAnOutside) {
  ASSERT_EQ(context().exit_code, 0);
  std::map<std::string, BoundaryVerdict> before;
  for (const OutlinedAlert& one : read_register(target()).alerts) {
    if (one.alert.context.licence) before[one.alert.id] = one.alert.context.licence->verdict;
  }
  const std::string good = read_text(layer("licences.geojson"));
  constexpr double east_deg = 5 / (111320 * 0.7645), north_deg = 5 / 111040.0;
  for (const auto& [east, north] : {std::pair{east_deg, 0.0}, {-east_deg, 0.0}, {0.0, north_deg}, {0.0, -north_deg}}) {
    write_text(layer("licences.geojson"), good);
    edit("licences.geojson", [&, dx = east, dy = north](json& licences) {
      for (json& feature : licences["features"]) {
        for (json& ring : feature["geometry"]["coordinates"]) {
          for (json& place : ring) place = {place[0].get<double>() + dx, place[1].get<double>() + dy};
        }
      }
    });
    ASSERT_EQ(context().exit_code, 0);
    for (const OutlinedAlert& one : read_register(target()).alerts) {
      if (!one.alert.context.licence || before.count(one.alert.id) == 0) continue;
      const BoundaryVerdict now = one.alert.context.licence->verdict;
      const bool turned = (before[one.alert.id] == BoundaryVerdict::inside && now == BoundaryVerdict::outside) ||
                          (before[one.alert.id] == BoundaryVerdict::outside && now == BoundaryVerdict::inside);
      EXPECT_FALSE(turned) << one.alert.id;
    }
  }
}

TEST_F(ContextCli, SaysWhenAnAlertCrossedTheLine) {
  // A licence that ends in the middle of the largest alert.
  std::vector<OutlinedAlert> all = alerts();
  const OutlinedAlert& largest = *std::max_element(
      all.begin(), all.end(),
      [](const OutlinedAlert& a, const OutlinedAlert& b) { return a.alert.area_ha < b.alert.area_ha; });
  const std::string id = largest.alert.id;
  double west = 180, east = -180;
  for (const LonLatPolygon& polygon : largest.outline) {
    for (const LonLat& place : polygon.outer) {
      west = std::min(west, place.lon);
      east = std::max(east, place.lon);
    }
  }
  const double line = (west + east) / 2;
  edit("licences.geojson", [&](json& licences) {
    json& feature = licences["features"][0];
    feature["geometry"]["coordinates"] = {{{46.5, 40}, {line, 40}, {line, 40.3}, {46.5, 40.3}, {46.5, 40}}};
    licences["features"] = {feature};
  });
  ASSERT_EQ(context().exit_code, 0);
  const LicenceFacts licence = *[&] {
    for (const OutlinedAlert& one : alerts()) {
      if (one.alert.id == id) return one.alert.context.licence;
    }
    return std::optional<LicenceFacts>();
  }();
  EXPECT_EQ(licence.verdict, BoundaryVerdict::straddles);
  ASSERT_TRUE(licence.crossed_on.has_value());
  // The first outline with more ground than its uncertainty, and than what lies near the line, on either side.
  const double margin = 13 / (111320 * 0.7645);
  std::optional<Instant> first;
  std::vector<RegisteredEvent> events = read_history(target(), id);
  for (const RegisteredEvent& event : events) {
    const auto side_ha = [&](double from, double to) {
      PolygonLayer own({line, 40.15}), side({line, 40.15});
      own.add("alert", event.outline);
      side.add("side", {{{{from, 40}, {to, 40}, {to, 40.3}, {from, 40.3}}, {}}});
      double hectares = 0;
      for (const PolygonOverlap& overlap : overlaps(own, side)) hectares += overlap.intersection_m2 / 1e4;
      return hectares;
    };
    if (side_ha(46.5, line - margin) > largest.alert.area_uncertainty_ha &&
        side_ha(line + margin, 46.8) > largest.alert.area_uncertainty_ha) {
      first = event.at;
      break;
    }
  }
  EXPECT_LE(*licence.crossed_on, first.value_or(events.back().at));
  EXPECT_GE(*licence.crossed_on, events.front().at);
  EXPECT_TRUE(std::any_of(events.begin(), events.end(),
                          [&](const RegisteredEvent& event) { return event.at == *licence.crossed_on; }));
}

TEST_F(ContextCli, IsInExportsListsAndTheDossier) {
  ASSERT_EQ(context().exit_code, 0);
  const Outcome exported =
      pitwatch({"alerts", "export", "--state", state_, "--format", "geojson,gpkg,csv,kml", "--out", folder_ / "out/"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_THAT(read_text(folder_ / "out/alerts.geojson"), HasSubstr("\"licence_verdict\": \"inside\""));
  EXPECT_THAT(read_text(folder_ / "out/alerts.csv"), HasSubstr("licence_verdict"));
  EXPECT_THAT(read_text(folder_ / "out/alerts.kml"), HasSubstr("<SimpleData name=\"licence_holders\">"));
  EXPECT_FALSE(read_facts(folder_ / "out/alerts.gpkg").empty());
  EXPECT_FALSE(read_context_layers(folder_ / "out/alerts.gpkg").empty());
  const std::string id = alerts().front().alert.id;
  const Outcome shown = pitwatch({"alerts", "show", id, "--state", state_});
  EXPECT_THAT(shown.out, HasSubstr("licences, ground and water\n"));
  EXPECT_THAT(shown.out, HasSubstr("licence_verdict"));
  const Outcome dossier = pitwatch({"alerts", "show", id, "--state", state_, "--json"});
  EXPECT_FALSE(json::parse(dossier.out)["facts"].empty());
  const Outcome list =
      pitwatch({"alerts", "list", "--state", state_, "--licence-verdict", "inside", "--all", "--json"});
  for (const json& alert : json::parse(list.out)) EXPECT_EQ(alert["licence_verdict"], "inside");
  EXPECT_FALSE(json::parse(list.out).empty());
  EXPECT_EQ(pitwatch({"alerts", "list", "--state", state_, "--licence-verdict", "within"}).exit_code, 2);
}

}  // namespace
}  // namespace pitwatch
