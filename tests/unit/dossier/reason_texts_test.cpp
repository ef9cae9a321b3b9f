#include "pipeline/dossier/reason_texts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "pipeline/context/context_config.hpp"
#include "tests/unit/dossier/hostile_texts.hpp"

namespace pitwatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Reasons as the program gives them, and what their kind is called.
struct Reason {
  std::string why;
  std::string russian;
};

const std::vector<Reason>& reasons() {
  static const std::vector<Reason> all{
      {"unfit for use: B04: 31.3 % of the pixels are saturated or above 1.5 reflectance",
       "насыщенные пиксели (B04; 31,3 %)"},
      {"unfit for use: B02: 12.0 % of the pixels are at the floor of the numbers",
       "пиксели на нижнем пределе чисел (B02; 12,0 %)"},
      {"unfit for use: B08: 99.9 % of the pixels are 1000", "слишком много пикселей одного значения (B08; 99,9 %)"},
      {"unfit for use: B08: 40.0 % of the blocks of 8 x 8 pixels are constant",
       "блоки одинаковых пикселей (B08; 40,0 %)"},
      {"unfit for use: B11: 60.5 % of the pixels are above 0.9 reflectance",
       "слишком много ярких пикселей (B11; 60,5 %)"},
      {"unfit for use: B03: 25.0 % of the rows are lost", "потерянные строки или столбцы (B03; 25,0 %)"},
      {"unfit for use: B04: striped columns, by 0.050 reflectance (0.80 of all contrast between neighbours)",
       "полосы (B04)"},
      {"unfit for use: B04: striped rows, by 0.050 reflectance (0.80 of all contrast between neighbours); B08: 25.0 % "
       "of "
       "the rows are lost",
       "потерянные строки или столбцы; полосы (B04, B08; 25,0 %)"},
      {"unfit for use: lies 7.2 pixels elsewhere (east 5.1, south 5.1), more than 2.0", "снимок смещён"},
      {"unfit for use: B08: /data/B08.tif: shows the ground 120 m east and 40 m south of where B04 has it",
       "один канал показывает не ту землю, что остальные (B04, B08)"},
      {"unfit for use: SCL: /data/SCL.tif: 30.2 % of it contradict the reflectances, and 2.0 % would if it were 20 m "
       "further east and 0 m further south",
       "классификация сцены не подходит к снимку (SCL; 30,2 %)"},
      {"/data/S2A: offsets by baseline contradict the pixels: the darkest ground ends sharply above 0.1",
       "заявленное смещение отражения противоречит пикселям"},
      {"band B04: /data/B04.tif: is not as it was fetched: its SHA-256 is another than its item has; fetch it again",
       "файл не такой, каким был (B04)"},
      {"/data/item.json: no asset for band B11 (swir16)", "нет одного из каналов (B11)"},
      {"/data/item.json: neither SCL nor B03, without which cloud and snow cannot be told",
       "нет ни классификации сцены, ни каналов, по которым видны облака (B03, SCL)"},
      {"/data/B04.tif: its pixels have 8 bits: a picture, and no reflectance", "8-битная картинка, а не отражение"},
      {"band B04: /data/B04.tif: cannot be read: TIFFReadEncodedTile() failed",
       "файл повреждён; файл не читается (B04)"},
      {"/data/B04: cannot be read", "файл не читается"},
      {"stripes", "другая причина; в записи она указана по-английски"},
      {"cloud", "облако"}};
  return all;
}

TEST(ReasonText, TellsKindsBandsAndSharesAndNothingOfTheSentence) {
  const Texts russian("ru");
  for (const Reason& one : reasons()) EXPECT_EQ(reason_text(one.why, russian), one.russian) << one.why;
}

TEST(ReasonText, IsTheRecordsOwnInEnglishButForWordsOfMasks) {
  const Texts english("en");
  for (const Reason& one : reasons()) {
    EXPECT_EQ(reason_text(one.why, english), one.why);
  }
  EXPECT_EQ(reason_text("cloud_shadow", english), "cloud shadow");
  EXPECT_EQ(reason_text("", Texts("az")), "");
}

TEST(ReasonText, HostileOnesStayOut) {
  for (const std::string& hostile : test::hostile_texts()) {
    for (const std::string& why : {hostile, "striped " + hostile, hostile + " % of it contradict the reflectances"}) {
      EXPECT_THAT(reason_text(why, Texts("az")), Not(HasSubstr(hostile)));
    }
  }
  EXPECT_EQ(reason_text("9999999999 % of the rows are lost", Texts("ru")), "потерянные строки или столбцы");
  EXPECT_EQ(reason_text("nan % of the rows are lost", Texts("ru")), "потерянные строки или столбцы");
}

TEST(SubjectText, EveryRoleAndSubjectHasOne) {
  const Texts russian("ru");
  const std::string other = russian("subject_other", {{"name", ""}});
  std::vector<std::string> subjects{"elevation",         "water_flow",      "water_passed",
                                    "water_risk_ground", "water_turbidity", "water_risk_surface"};
  for (const std::string_view role : layer_role_names) subjects.emplace_back(role);
  for (const std::string& subject : subjects) {
    EXPECT_THAT(subject_text(subject, russian), Not(HasSubstr(subject))) << subject;
  }
  EXPECT_EQ(subject_text("other", russian), "прочее (other)");
  EXPECT_EQ(subject_text("mill", russian), "прочее (mill)");
}

TEST(FiguresText, NamesEachFigureItsUnitDayOrAnswer) {
  ContextDetail detail;
  detail.figures = {
      {"share_of_draws", 0.6125},      {"length_m", 1200.44},        {"catchment_is_cut", 1}, {"against_upstream", 0},
      {"appeared_yyyymmdd", 20220706}, {"faded_yyyymmdd", 20229999}, {"points", 5},           {"of others", 2}};
  EXPECT_EQ(
      figures_text(detail, Texts("en")),
      "appeared against the reach above: no; appeared: 2022-07-06; the catchment goes on beyond what was read: yes; "
      "faded: not known; way (m): 1200.4; of others: 2; points in all: 5; share of draws: 0.613");
  EXPECT_THAT(figures_text(detail, Texts("az")), HasSubstr("yaranıb: 06.07.2022"));
  EXPECT_THAT(figures_text(detail, Texts("ru")), HasSubstr("доля случайных расчётов: 0,613"));
}

}  // namespace
}  // namespace pitwatch
