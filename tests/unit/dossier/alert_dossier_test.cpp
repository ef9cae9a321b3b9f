#include "pipeline/dossier/alert_dossier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "pipeline/chips/chip_store.hpp"
#include "pipeline/chips/observed_alert.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/dossier/alert_page.hpp"
#include "pipeline/dossier/known_errors.hpp"
#include "pipeline/dossier/page.hpp"
#include "pipeline/dossier/report.hpp"
#include "pipeline/dossier/site_dossier.hpp"
#include "tests/unit/dossier/hostile_texts.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

LonLatMultiPolygon square(double lon, double lat, double side) {
  return {{{{lon, lat}, {lon + side, lat}, {lon + side, lat + side}, {lon, lat + side}}, {}}};
}

OutlinedAlert some_alert() {
  OutlinedAlert outlined;
  Alert& alert = outlined.alert;
  alert.id = "PW-1";
  alert.site = "north";
  alert.status = AlertStatus::confirmed;
  alert.change_class = ChangeClass::vegetation_to_bare;
  alert.class_probability = 0.85;
  alert.natural_probability = 0.06;
  alert.onset_after = parse_instant("2022-02-09T07:44:16.024Z");
  alert.onset_before = alert.first_detected = parse_instant("2022-03-11T07:44:22.024Z");
  alert.confirmed_on = parse_instant("2022-03-26T07:44:10.024Z");
  alert.last_detected = alert.last_observed = parse_instant("2022-06-29T07:44:14.024Z");
  alert.observations = 9;
  alert.confidence = 0.97;
  alert.area_ha = 13.17;
  alert.area_uncertainty_ha = 0.07;
  alert.change = {{"ndvi", -0.387}};
  alert.scenes_before = {"S2A_0209"};
  alert.scenes_after = {"S2A_0311"};
  alert.tile = "T38TPK";
  alert.algorithm = "pitwatch 0.1.0 2e732031442f";
  outlined.outline = square(46.6, 40.14, 0.004);
  return outlined;
}

RecordedAcquisition acquired(const std::string& when, const std::string& scene, double clear) {
  RecordedAcquisition one;
  one.acquired = parse_instant(when);
  one.scenes = {scene};
  one.clear_share = clear;
  one.manifest = "20220701T000000.000Z.json";
  return one;
}

RegisteredEvent event(const std::string& at, AlertEventKind kind, double area_ha, int revision = 1) {
  RegisteredEvent one;
  one.alert_id = "PW-1";
  one.revision = revision;
  one.at = parse_instant(at);
  one.kind = kind;
  one.status = AlertStatus::provisional;
  one.change_class = ChangeClass::vegetation_to_bare;
  one.area_ha = area_ha;
  one.confidence = 0.7;
  one.outline = square(46.6, 40.14, area_ha / 1000);
  return one;
}

DossierRecord some_record() {
  DossierRecord record;
  record.content.alerts = {some_alert()};
  record.events["PW-1"] = {event("2022-03-11T07:44:22.024Z", AlertEventKind::first_detected, 0.9),
                           event("2022-03-26T07:44:10.024Z", AlertEventKind::confirmed, 1.1)};
  RecordedAcquisition skipped = acquired("2022-02-19T07:44:39.024Z", "S2A_0219", 0);
  skipped.is_skipped = true;
  skipped.reason = "stripes";
  record.acquisitions["north"] = {
      acquired("2022-02-04T07:44:16.024Z", "S2B_0204", 0.5),  acquired("2022-02-09T07:44:16.024Z", "S2A_0209", 0.4),
      acquired("2022-02-14T07:44:37.024Z", "S2B_0214", 0.01), skipped,
      acquired("2022-03-11T07:44:22.024Z", "S2A_0311", 0.78), acquired("2022-03-16T07:44:39.024Z", "S2B_0316", 0),
      acquired("2022-03-26T07:44:10.024Z", "S2B_0326", 0.76), acquired("2022-07-09T07:44:10.024Z", "S2B_0709", 0.9)};
  RecordedManifest first;
  first.name = "20220701T000000.000Z.json";
  first.sha256 = std::string(64, 'a');
  first.command = "run";
  first.started = parse_instant("2022-07-01");
  first.ended = parse_instant("2022-07-01T00:10:00Z");
  first.judged["north"] = {parse_instant("2022-03-11T07:44:22.024Z")};
  RecordedManifest other = first;
  other.name = "20220702T000000.000Z.json";
  other.judged = {{"south", {parse_instant("2022-03-11T07:44:22.024Z")}}};
  RecordedManifest newest = first;
  newest.name = "20220703T000000.000Z.json";
  newest.judged.clear();
  record.manifests = {first, other, newest};
  record.head = ManifestReference{newest.name, newest.sha256};
  return record;
}

std::vector<AcquisitionRole> parts_of(const AlertDossier& dossier) {
  std::vector<AcquisitionRole> parts;
  for (const DossierAcquisition& row : dossier.acquisitions) parts.push_back(row.part);
  return parts;
}

TEST(AlertDossier, ListsEveryAcquisitionFromTheLastUndisturbedToTheConfirmingOne) {
  const DossierRecord record = some_record();
  const AlertDossier dossier = alert_dossier(record, record.content.alerts.front());
  EXPECT_THAT(parts_of(dossier),
              ElementsAre(AcquisitionRole::undisturbed, AcquisitionRole::hidden, AcquisitionRole::hidden,
                          AcquisitionRole::detected, AcquisitionRole::other, AcquisitionRole::confirmed));
  EXPECT_TRUE(dossier.acquisitions[3].is_onset);
  EXPECT_TRUE(dossier.acquisitions[3].is_evidence);
  EXPECT_FALSE(dossier.acquisitions[4].is_evidence);
  DossierRecord sooner = record;
  sooner.content.alerts.front().alert.confirmed_on = dossier.acquisitions[3].recorded.acquired;
  EXPECT_EQ(alert_dossier(sooner, sooner.content.alerts.front()).acquisitions.size(), 4U);
  EXPECT_EQ(dossier.newest_acquisition, parse_instant("2022-07-09T07:44:10.024Z"));
}

TEST(AlertDossier, OfOneThatIsNotConfirmedUpToTheLastClearObservation) {
  DossierRecord record = some_record();
  record.content.alerts.front().alert.confirmed_on.reset();
  record.content.alerts.front().alert.last_observed = parse_instant("2022-07-09T07:44:10.024Z");
  const AlertDossier dossier = alert_dossier(record, record.content.alerts.front());
  EXPECT_THAT(dossier.acquisitions, SizeIs(7));
}

TEST(AlertDossier, RestsOnTheManifestsOfItsTimeItsReviewsAndTheNewest) {
  DossierRecord record = some_record();
  const auto names = [&] {
    std::vector<std::string> all;
    for (const RecordedManifest* one : manifests_of(record, record.content.alerts.front().alert)) {
      all.push_back(one->name);
    }
    return all;
  };
  EXPECT_THAT(names(), ElementsAre("20220701T000000.000Z.json", "20220703T000000.000Z.json"));
  record.manifests[1].reviewed = "PW-1";
  EXPECT_THAT(names(), SizeIs(3));
}

TEST(AlertDossier, VerticesAreInDegreesAndMetres) {
  const DossierRecord record = some_record();
  const AlertDossier dossier = alert_dossier(record, record.content.alerts.front());
  EXPECT_EQ(dossier.crs, "EPSG:32638");
  ASSERT_THAT(dossier.vertices, SizeIs(4));
  EXPECT_NEAR(dossier.vertices[0].map.x, 636299.22, 0.01);
  EXPECT_NEAR(dossier.vertices[0].map.y, 4444523.06, 0.01);
  EXPECT_EQ(dossier.vertices[3].number, 4);
  OutlinedAlert none = record.content.alerts.front();
  none.outline.clear();
  EXPECT_THROW(alert_dossier(record, none), DataError);
}

TEST(OutlineAt, IsTheNewestNotLater) {
  const std::vector<RegisteredEvent> events = some_record().events["PW-1"];
  EXPECT_EQ(outline_at(events, parse_instant("2022-03-01")), nullptr);
  EXPECT_EQ(outline_at(events, parse_instant("2022-03-11T07:44:22.024Z")), &events[0].outline);
  EXPECT_EQ(outline_at(events, parse_instant("2022-03-27")), &events[1].outline);
}

TEST(NewestRevision, IsOneAccount) {
  const std::vector<RegisteredEvent> events{event("2022-03-11", AlertEventKind::first_detected, 1, 1),
                                            event("2022-03-12", AlertEventKind::first_detected, 2, 2),
                                            event("2022-03-26", AlertEventKind::grew, 3, 2)};
  EXPECT_THAT(newest_revision(events), SizeIs(2));
  EXPECT_THAT(newest_revision({}), IsEmpty());
}

TEST(AlertPage, SaysWhatIsKnownInEachLanguage) {
  const DossierRecord record = some_record();
  std::vector<std::pair<std::string, std::string>> skipped;
  const std::string english = alert_html(record, record.content.alerts.front(), Texts("en"), true, skipped);
  EXPECT_THAT(english, HasSubstr("It covers 13.17 ha ± 0.07 ha (one standard deviation) as of 29 June 2022."));
  EXPECT_THAT(english, HasSubstr("began between 9 February 2022 and 11 March 2022"));
  EXPECT_THAT(english, HasSubstr("skipped: stripes"));
  EXPECT_THAT(english, HasSubstr("No pictures are kept with this alert"));
  EXPECT_THAT(english, HasSubstr("We do not decide what is legal."));
  EXPECT_THAT(english,
              HasSubstr("(252 of 0.1 ha and more, default settings): 98.4 % were found and 98.0 % confirmed; 1.5 "
                        "false alarms per 100 km² and year came before confirmation and 0.0 after it."));
  EXPECT_THAT(english, HasSubstr("pitwatch verify STATE --derive --alert PW-1"));
  EXPECT_THAT(english, HasSubstr("10 days before the newest acquisition"));
  const std::string russian = alert_html(record, record.content.alerts.front(), Texts("ru"), true, skipped);
  EXPECT_THAT(russian, HasSubstr("Площадь 13,17 га ± 0,07 га"));
  EXPECT_THAT(russian, HasSubstr("<html lang=\"ru\">"));
  const std::string azerbaijani = alert_html(record, record.content.alerts.front(), Texts("az"), true, skipped);
  EXPECT_THAT(azerbaijani, HasSubstr("13,17 ha ± 0,07 ha"));
  for (const std::string* html : {&english, &russian, &azerbaijani}) {
    EXPECT_THAT(*html, Not(HasSubstr("{{")));
    test::expect_inert(*html);
  }
  EXPECT_EQ(english, alert_html(record, record.content.alerts.front(), Texts("en"), true, skipped));
}

TEST(AlertPage, EveryKindThatWasWeighedHasItsProbability) {
  DossierRecord record = some_record();
  std::vector<std::pair<std::string, std::string>> skipped;
  const auto page = [&] { return alert_html(record, record.content.alerts.front(), Texts("en"), true, skipped); };
  const std::string harvest = R"(<th scope="row">field mown, harvested or tilled</th><td class="number">)";
  EXPECT_THAT(page(), Not(HasSubstr(harvest + "0.11")));
  ClassProbabilities& weighed = record.content.alerts.front().alert.class_probabilities.emplace();
  weighed[static_cast<std::size_t>(ChangeClass::vegetation_to_bare) - 1] = 0.85;
  weighed[static_cast<std::size_t>(ChangeClass::harvest) - 1] = 0.11;
  weighed[static_cast<std::size_t>(ChangeClass::flood) - 1] = 0.04;
  EXPECT_THAT(page(), HasSubstr(harvest + "0.11"));
  EXPECT_THAT(page(), HasSubstr(R"(flooded for a while by a river or lake</th><td class="number">0.04)"));
}

/// What a reader sees of a page: without style, drawings' marks and commands to copy.
std::string visible_text(std::string html) {
  for (const char* const element : {"style", "pre", "title"}) {
    const std::string open = std::string("<") + element;
    const std::string close = std::string("</") + element + ">";
    for (std::size_t at = html.find(open); at != std::string::npos; at = html.find(open)) {
      html.erase(at, html.find(close, at) + close.size() - at);
    }
  }
  std::string text;
  bool is_tag = false;
  for (const char c : html) {
    if (c == '<') is_tag = true;
    if (!is_tag) text += c;
    if (c == '>') is_tag = false, text += '\n';
  }
  return text;
}

/// A text between its {names}: what would stand in a page as it is.
std::vector<std::string> pieces_of(const std::string& text) {
  std::vector<std::string> pieces;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t open = std::min(text.find('{', at), text.size());
    pieces.push_back(text.substr(at, open - at));
    at = text.find('}', open) == std::string::npos ? text.size() : text.find('}', open) + 1;
  }
  return pieces;
}

/// Sentences of the program or of the English catalogue in a page of another language; words of one or two letters and
/// names that languages share tell nothing.
void expect_no_english(const std::string& html, const Texts& other) {
  const std::string text = visible_text(html);
  const Texts english("en");
  for (const auto& [key, sentence] : english.all()) {
    for (const std::string& piece : pieces_of(sentence)) {
      const bool is_telling = piece.size() >= 8 && piece.find(' ', 1) < piece.size() - 1;
      if (!is_telling || other(key).find(piece) != std::string::npos) continue;
      EXPECT_EQ(text.find(piece), std::string::npos) << other.language() << " " << key << ": " << piece;
    }
  }
  static const std::regex word(
      "(^|[^A-Za-z_])(the|of|are|was|were|not|which|with|from|has|by|than|its|cannot|water)[^A-Za-z_]");
  std::smatch found;
  if (std::regex_search(text, found, word)) {
    const auto at = static_cast<std::size_t>(found.position());
    ADD_FAILURE() << other.language() << ": " << text.substr(at < 60 ? 0 : at - 60, 160);
  }
}

/// A record that has all kinds of what the program says in words of its own.
DossierRecord record_of_all_kinds() {
  DossierRecord record = some_record();
  const std::vector<std::string> reasons{
      "unfit for use: B04: striped rows, by 0.050 reflectance (0.80 of all contrast between neighbours)",
      "/data/S2A: offsets by baseline contradict the pixels: the darkest ground ends sharply above 0.1",
      "band B04: /data/B04.tif: is not as it was fetched: its SHA-256 is another than its item has; fetch it again",
      "something that no table of this program has of its own"};
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    RecordedAcquisition one = acquired("2022-02-2" + std::to_string(i + 1) + "T07:44:39.024Z", "S2A_X", 0);
    one.is_skipped = true;
    one.reason = reasons[i];
    record.acquisitions["north"].insert(record.acquisitions["north"].begin() + 4 + static_cast<std::ptrdiff_t>(i), one);
  }
  Alert& alert = record.content.alerts.front().alert;
  alert.superseded = Superseded{SupersededWhy::merged, {"PW-2"}};
  alert.context.licence = LicenceFacts{};
  alert.context.licence->validity = Validity::expired;
  alert.context.parcel = ParcelFacts{};
  alert.context.protected_area = ProtectedFacts{};
  alert.context.site_share = 0.5;
  alert.context.water = WaterFacts{};
  alert.context.water->surface = NearWater{"Kür", 5, {}};
  alert.context.water->flow = WaterFlow{};
  alert.context.water->surface_risk = RiskLevel::high;
  alert.context.water->ground_risk = RiskLevel::cannot_tell;
  const std::map<std::string, std::string> english = Texts("en").all();
  for (const auto& [key, text] : english) {
    if (!key.starts_with("subject_") || key == "subject_other") continue;
    RegisteredFact fact;
    fact.detail.subject = key.substr(8);
    for (const auto& [figure, label] : english) {
      if (figure.starts_with("figure_")) fact.detail.figures[figure.substr(7)] = 1;
    }
    fact.detail.figures["appeared_yyyymmdd"] = 20220706;
    record.facts["PW-1"].push_back(fact);
    RegisteredLayer layer;
    layer.layer.name = "lay";
    layer.layer.role = fact.detail.subject;
    layer.layer.problem = "/data/x.gpkg: cannot be opened: No such file or directory";
    record.layers.push_back(layer);
  }
  record.misfits = {"runs/20220701T000000.000Z.json: is not what the next one says of it"};
  return record;
}

TEST(AlertPage, NothingInEnglishIsLeftInOtherLanguages) {
  const DossierRecord record = record_of_all_kinds();
  for (const char* const language : {"az", "ru"}) {
    const Texts texts(language);
    std::vector<std::pair<std::string, std::string>> skipped;
    const std::string html = alert_html(record, record.content.alerts.front(), texts, true, skipped);
    expect_no_english(html, texts);
    EXPECT_THAT(html, HasSubstr(texts("reason_striped"))) << language;
    EXPECT_THAT(html, HasSubstr(texts("reason_other"))) << language;
    EXPECT_THAT(html, HasSubstr(texts("figure_share_of_draws"))) << language;
    EXPECT_THAT(html, HasSubstr("runs/20220701T000000.000Z.json: ")) << language;
    SiteDossier site;
    site.site = "north";
    site.alerts = record.content.alerts;
    site.coverage.emplace();
    site.coverage->feed.gaps.push_back({parse_instant("2022-03-01"), parse_instant("2022-03-20"), 20, {}});
    site.coverage->feed.outages.push_back({"", "", "nothing", parse_instant("2022-03-01"), {}, 4, 20});
    site.coverage->feed.alarm = "nothing received since 2022-03-01, 20 days, 4 expected overpasses";
    expect_no_english(page_of("site", site_page(site, record, texts, {}), texts), texts);
  }
  std::vector<std::pair<std::string, std::string>> skipped;
  const std::string english = alert_html(record, record.content.alerts.front(), Texts("en"), true, skipped);
  EXPECT_THAT(english, HasSubstr("striped rows, by 0.050 reflectance"));
}

TEST(AlertPage, AWayThatIsNotKnownHasNoLength) {
  DossierRecord record = some_record();
  OutlinedAlert& outlined = record.content.alerts.front();
  outlined.alert.context.water.emplace().flow = WaterFlow{"Kura", {}, {}, 0.22, {}, {}, {}, {}};
  std::vector<std::pair<std::string, std::string>> skipped;
  const std::string unknown = alert_html(record, outlined, Texts("en"), true, skipped);
  EXPECT_THAT(unknown, HasSubstr("no way by the elevations as they are"));
  EXPECT_THAT(unknown, Not(HasSubstr(" of way, ")));
  outlined.alert.context.water->flow->length_m = outlined.alert.context.water->flow->drop_m = 0;
  EXPECT_THAT(alert_html(record, outlined, Texts("en"), true, skipped), HasSubstr("0 m of way, 0 m of drop"));
}

TEST(AlertPage, HostileTextsAreInertWhereverTheyCome) {
  for (const std::string& hostile : test::hostile_texts()) {
    DossierRecord record = some_record();
    OutlinedAlert& outlined = record.content.alerts.front();
    Alert& alert = outlined.alert;
    record.acquisitions[hostile] = record.acquisitions["north"];
    record.events[hostile] = record.events["PW-1"];
    for (RecordedAcquisition& one : record.acquisitions[hostile]) one.scenes = {hostile}, one.reason = hostile;
    alert.id = hostile;
    alert.site = hostile;
    alert.tile = alert.algorithm = hostile;
    alert.scenes_before = alert.scenes_after = alert.parents = {hostile};
    alert.change = {{hostile, 1}};
    alert.review = Review{Verdict::licensed, hostile, parse_instant("2022-08-01"), hostile, false};
    alert.superseded = Superseded{SupersededWhy::merged, {hostile}};
    alert.context.licence = LicenceFacts{};
    alert.context.licence->ids = alert.context.licence->holders = {hostile};
    alert.context.parcel = ParcelFacts{{hostile}, 1, {}};
    alert.context.water = WaterFacts{};
    alert.context.water->surface = NearWater{hostile, 5, {}};
    alert.context.water->flow = WaterFlow{};
    alert.context.water->flow->to = hostile;
    alert.context.water->flow->passed = {hostile};
    record.content.reviews = {{hostile, *alert.review, {}, {}, hostile}};
    RegisteredFact fact;
    fact.detail.subject = fact.detail.layer = fact.detail.feature_id = fact.detail.feature_name = hostile;
    fact.detail.holder = hostile;
    fact.detail.figures = {{hostile, 1}};
    record.facts[hostile] = {fact};
    RegisteredLayer layer;
    layer.layer.name = layer.layer.role = layer.layer.problem = layer.layer.sha256 = hostile;
    record.layers = {layer};
    for (RecordedManifest& manifest : record.manifests) manifest.command = manifest.program_version = hostile;
    record.misfits = {hostile};
    std::vector<std::pair<std::string, std::string>> skipped;
    test::expect_inert(alert_html(record, outlined, Texts("en"), true, skipped));
  }
}

/// A chip of 60 x 48 pixels around the alert, all clear but for a corner.
Chip chip_of(ChipRole role, const std::string& when, const std::string& scene) {
  Chip chip;
  chip.alert_id = "PW-1";
  chip.role = role;
  chip.acquisition = scene;
  chip.acquired = parse_instant(when);
  chip.grid = {"EPSG:32638", {636200, 4445100}, 10, 60, 48};
  for (Plane<std::uint16_t>& band : chip.bands) {
    band = Plane<std::uint16_t>(60, 48);
    for (int y = 0; y < 48; ++y) {
      for (int x = 0; x < 60; ++x) band.at(x, y) = static_cast<std::uint16_t>(3500 + 20 * x + 7 * y);
    }
  }
  chip.mask = Plane<MaskBits>(60, 48);
  for (int y = 0; y < 48; ++y) {
    for (int x = 0; x < 60; ++x) chip.mask.at(x, y) = x < 5 && y < 5 ? mask_cloud : mask_clear;
  }
  return chip;
}

/// A state with chips before, at detection and confirmed, and three later ones of which two are 60 days apart.
void write_chips(const std::string& state, const std::string& scene) {
  write_chip(state, "north", chip_of(ChipRole::before, "2022-02-09T07:44:16.024Z", ""));
  write_chip(state, "north", chip_of(ChipRole::detected, "2022-03-11T07:44:22.024Z", scene));
  write_chip(state, "north", chip_of(ChipRole::confirmed, "2022-03-26T07:44:10.024Z", "S2B_0326"));
  write_chip(state, "north", chip_of(ChipRole::seen, "2022-03-26T07:44:10.024Z", "S2B_0326"));
  write_chip(state, "north", chip_of(ChipRole::seen, "2022-04-15T07:44:10.024Z", "S2B_0415"));
  write_chip(state, "north", chip_of(ChipRole::seen, "2022-06-14T07:44:10.024Z", "S2B_0614"));
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(AlertDossier, NamesGapsBetweenPicturesAndWhatBecameOfTheirAcquisitions) {
  const test::TemporaryFolder folder;
  write_chips(folder.path(), "S2A_0311");
  DossierRecord record = some_record();
  record.state = folder.path();
  record.acquisitions["north"].push_back(acquired("2022-05-01T07:44:10.024Z", "S2B_0501", 0.9));
  ObservedAlert masked;
  masked.acquisition = "S2B_0511";
  masked.acquired = parse_instant("2022-05-11T07:44:10.024Z");
  masked.use = AlertSeen::masked;
  masked.why = "cloud";
  ObservedAlert clear = masked;
  clear.acquired = parse_instant("2022-05-21T07:44:10.024Z");
  clear.use = AlertSeen::clear;
  clear.why.clear();
  write_observations(folder.path(), "north", "PW-1", std::vector{masked, clear});
  const AlertDossier dossier = alert_dossier(record, record.content.alerts.front());
  EXPECT_THAT(dossier.pictures, SizeIs(6));
  EXPECT_THAT(dossier.unreadable, IsEmpty());
  ASSERT_THAT(dossier.gaps, SizeIs(1));
  const DossierGap& gap = dossier.gaps.front();
  EXPECT_EQ(gap.days, 60);
  EXPECT_EQ(gap.acquisitions, 3);
  EXPECT_EQ(gap.masked, 1);
  EXPECT_EQ(gap.thinned, 1);
  EXPECT_EQ(gap.unknown, 1);
  EXPECT_THAT(gap.reasons, ElementsAre("cloud"));
}

TEST(AlertPage, ShowsPicturesOnceADateWithTheOutlineOfThatDate) {
  const test::TemporaryFolder folder;
  write_chips(folder.path(), "<b>S2A</b>");
  DossierRecord record = some_record();
  record.state = folder.path();
  std::vector<std::pair<std::string, std::string>> skipped;
  const std::string html = alert_html(record, record.content.alerts.front(), Texts("en"), false, skipped);
  EXPECT_THAT(skipped, IsEmpty());
  // Four dates of two composites, and a strip of five dates.
  EXPECT_EQ(count_of(html, "data:image/png;base64,"), 13U);
  EXPECT_EQ(count_of(html, "stroke-dasharray"), 2U * 3U) << "the date before the first outline, in black and yellow";
  EXPECT_THAT(html, HasSubstr("60 days without a picture"));
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;S2A&lt;/b&gt;"));
  EXPECT_THAT(html, HasSubstr("aria-label=\"Before, 2022-02-09, true colour: ground around alert PW-1, 600 by 480 m"));
  test::expect_inert(html);
}

TEST(AlertPage, APictureThatIsDamagedIsNamedWithoutItsFolder) {
  const test::TemporaryFolder folder;
  write_chips(folder.path(), "S2A_0311");
  test::write_text(chips_folder(folder.path(), "north", "PW-1") + "/detected.tif", "no picture");
  DossierRecord record = some_record();
  record.state = folder.path();
  std::vector<std::pair<std::string, std::string>> skipped;
  const std::string html = alert_html(record, record.content.alerts.front(), Texts("en"), false, skipped);
  EXPECT_THAT(skipped, SizeIs(1));
  EXPECT_THAT(html, HasSubstr("The picture detected.tif cannot be read"));
  EXPECT_THAT(html, Not(HasSubstr(folder.path())));
}

TEST(KnownErrors, ARowForEachSize) {
  EXPECT_EQ(known_detection(0.01).events, 23);
  EXPECT_EQ(known_detection(0.1).events, 34);
  EXPECT_EQ(known_detection(4.99).events, 69);
  EXPECT_EQ(known_detection(5).events, 22);
  EXPECT_EQ(known_detection(1e6).events, 22);
  // The figures are those of the benchmarks.
  const std::string readme = test::read_text(PITWATCH_SOURCE_DIR "/benchmarks/README.md");
  EXPECT_THAT(readme, HasSubstr("| 0.1 - 0.25 ha | 34 | 0.94 | 34 | 0.94 |"));
  EXPECT_THAT(readme, HasSubstr("| 5 ha and more | 22 | 1.00 | 29 | 1.00 |"));
  EXPECT_THAT(readme, HasSubstr("| 0.1 - 0.25 ha | 125 | 0.78 | 0.35 | +1.81 |"));
  EXPECT_THAT(readme, HasSubstr("| of these hit a disturbance / something natural / a decoy / nothing | 227 / 13 / 86 "
                                "/ 72 | 215 / 13 / 69 / 26 |"));
  EXPECT_THAT(readme, HasSubstr("| false alarms per 100 km2 and year | 45 | 16 |"));
  EXPECT_THAT(readme, HasSubstr("Six of them were run with the present program"));
  EXPECT_THAT(readme, HasSubstr("252 from 0.1 ha on"));
  EXPECT_THAT(readme, HasSubstr("| 3 | any | .810 | .938 | 1.000 | 1.000 | .990 | .984 | .995 | .956 | 1.000 | 1.000 | "
                                ".988 | .936 | 13 | .70 | 1.5 | 46 |"));
  EXPECT_THAT(readme, HasSubstr("| 3 | confirmed | .786 | .917 | 1.000 | 1.000 | .990 | .980 | .995 | .944 | 1.000 | "
                                "1.000 | .977 | .936 | 24 | .70 | 0.0 | 23 |"));
}

}  // namespace
}  // namespace pitwatch
