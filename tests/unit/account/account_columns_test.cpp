// What is written is what columns.md says, and nothing else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "pipeline/account/account.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using ::testing::ElementsAreArray;
using ::testing::UnorderedElementsAreArray;

const std::string documented = PITWATCH_SOURCE_DIR "/pipeline/account/columns.md";

/// The first columns of the table below a heading.
std::vector<std::string> table(const std::string& heading) {
  std::istringstream lines(test::read_text(documented));
  std::vector<std::string> names;
  bool is_in = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) is_in = line == "## " + heading;
    if (is_in && line.starts_with("| `")) names.push_back(line.substr(3, line.find('`', 3) - 3));
  }
  EXPECT_FALSE(names.empty()) << heading;
  return names;
}

std::vector<std::string> members(const json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

std::vector<std::string> both(std::vector<std::string> names, const std::vector<std::string>& more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

/// One of everything.
Account whole_account() {
  Account account;
  AccountSite& site = account.sites.emplace_back();
  site.site = "north";
  site.rows.emplace_back();
  site.objects.emplace_back().remediation.emplace();
  site.left_out.emplace_back();
  site.sample.emplace().accuracy.classes.emplace_back();
  return account;
}

TEST(AccountColumns, OfTheTableAreThoseDocumentedInTheirOrder) {
  const std::string csv = account_csv(whole_account());
  std::istringstream head(csv.substr(0, csv.find("\r\n")));
  std::vector<std::string> columns;
  for (std::string column; std::getline(head, column, ',');) columns.push_back(column);
  EXPECT_THAT(columns, ElementsAreArray(table("account.csv")));
}

TEST(AccountColumns, MembersAreThoseDocumented) {
  const json account = json::parse(account_json(whole_account()));
  EXPECT_THAT(members(account), UnorderedElementsAreArray(table("account.json")));
  const json& site = account.at("sites").at(0);
  EXPECT_THAT(members(site), UnorderedElementsAreArray(table("account.json, sites")));
  EXPECT_THAT(members(site.at("rows").at(0)),
              UnorderedElementsAreArray(
                  both(table("account.json, rows"), {"date", "class", "objects", "disturbed_ha", "recovered_ha",
                                                     "recovering_ha", "provisional_ha", "net_ha"})));
  const json& object = site.at("objects").at(0);
  const std::vector<std::string> of_objects = table("account.json, objects");
  EXPECT_THAT(members(object), UnorderedElementsAreArray(of_objects));
  EXPECT_THAT(members(object.at("recovery")), UnorderedElementsAreArray(table("account.json, recovery")));
  const auto common = std::find(of_objects.begin(), of_objects.end(), "area_uncertainty_ha") + 1;
  EXPECT_THAT(members(site.at("left_out").at(0)),
              UnorderedElementsAreArray(both({of_objects.begin(), common}, table("account.json, left out"))));
  const json& sample = site.at("reference_sample");
  EXPECT_THAT(members(sample), UnorderedElementsAreArray(table("account.json, reference sample")));
  EXPECT_THAT(members(sample.at("classes").at(0)),
              UnorderedElementsAreArray(table("account.json, classes of the reference sample")));
}

TEST(AccountColumns, NamesOfKindsStatesAndReasonsAreDocumented) {
  const std::string text = test::read_text(documented);
  const auto expect_named = [&](const auto& names) {
    for (const std::string_view name : names) {
      EXPECT_NE(text.find("`" + std::string(name) + "`"), std::string::npos) << name;
    }
  };
  expect_named(object_kind_names);
  expect_named(ground_state_names);
  expect_named(outlook_names);
  expect_named(left_out_names);
}

}  // namespace
}  // namespace pitwatch
