// --help: groups, lengths, and that no option is left out.

#include "tools/help.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <sstream>

#include "tools/command_alerts.hpp"
#include "tools/command_compare.hpp"
#include "tools/command_run.hpp"
#include "tools/command_status.hpp"
#include "tools/commands.hpp"

namespace pitwatch::tools {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> names(const OptionGroup& group) {
  std::vector<std::string> all;
  for (const auto& option : group.options) all.push_back(option->long_name());
  return all;
}

std::vector<std::string> names(const CommandEntry& entry, const std::string& title) {
  const auto command = entry.make();
  for (const OptionGroup& group : option_groups(*command)) {
    if (group.title == title) return names(group);
  }
  return {};
}

std::string help(const CommandEntry& entry, HelpLength length, std::size_t width = 100) {
  std::ostringstream out;
  print_help(out, entry, length, width);
  return out.str();
}

TEST(OptionGroups, EveryOptionIsInOneGroup) {
  for (const Call& call : all_calls()) {
    SCOPED_TRACE(call.name);
    const auto command = call.entry->make();
    std::multiset<std::string> grouped;
    bool was_everyday = true;
    const std::vector<OptionGroup> groups = option_groups(*command);
    for (const OptionGroup& group : groups) {
      EXPECT_FALSE(group.options.empty());
      EXPECT_TRUE(was_everyday || !group.is_everyday || &group == &groups.back()) << group.title;
      was_everyday = group.is_everyday;
      for (const std::string& name : names(group)) grouped.insert(name);
    }
    std::multiset<std::string> all;
    for (const auto& options : {command->options(), common_options()}) {
      for (const auto& option : options.options()) all.insert(option->long_name());
    }
    EXPECT_EQ(grouped, all);
  }
}

TEST(OptionGroups, SharedOptionsAreWithTheirLike) {
  const std::vector<std::string> everyday = names(run_entry, "Options of everyday use");
  for (const char* name : {"sites", "source", "state", "to", "min-area-ha", "false-alarms"}) {
    EXPECT_THAT(everyday, Contains(name));
  }
  for (const char* name : {"cloud-margin-m", "allow-host", "sign-key", "gate"}) {
    EXPECT_THAT(everyday, Not(Contains(name)));
  }
  EXPECT_THAT(names(run_entry, "Network"), Contains("allow-host"));
  EXPECT_THAT(names(run_entry, "Archives"), Contains("max-cloud"));
  EXPECT_THAT(names(run_entry, "Signatures and time stamps"), Contains("sign-key"));
  // Of the same name, and not the monitor's.
  EXPECT_THAT(names(compare_entry, "Options of everyday use"), Contains("min-area-ha"));
  EXPECT_THAT(names(alerts_list_entry, "Which alerts"), Contains("min-area-ha"));
}

TEST(Help, NamesWhatItDoesNotTell) {
  const std::string text = help(run_entry, HelpLength::groups);
  EXPECT_THAT(text, HasSubstr("vector file of sites"));
  EXPECT_THAT(text, HasSubstr("--cloud-margin-m"));
  EXPECT_THAT(text, Not(HasSubstr("metres around cloud")));
  EXPECT_THAT(text, HasSubstr("--help-all lists every one of the "));
  EXPECT_THAT(help(run_entry, HelpLength::whole), HasSubstr("metres around cloud"));
}

TEST(Help, IsShortWholeOrBetween) {
  for (const Call& call : all_calls()) {
    SCOPED_TRACE(call.name);
    const std::string brief = help(*call.entry, HelpLength::brief);
    const std::string groups = help(*call.entry, HelpLength::groups);
    const std::string whole = help(*call.entry, HelpLength::whole);
    EXPECT_LT(brief.size(), groups.size());
    const auto command = call.entry->make();
    for (const OptionGroup& group : option_groups(*command)) {
      for (const auto& option : group.options) {
        EXPECT_THAT(whole, HasSubstr(option_text(*option)));
        EXPECT_THAT(groups, HasSubstr(option->long_name()));
        if (group.is_everyday) {
          EXPECT_THAT(brief, HasSubstr(option_text(*option)));
        }
      }
    }
  }
}

TEST(Help, FitsTheTerminal) {
  for (const std::size_t width : {std::size_t{60}, std::size_t{100}}) {
    for (const HelpLength length : {HelpLength::brief, HelpLength::groups, HelpLength::whole}) {
      std::istringstream lines(help(run_entry, length, width));
      for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), width) << line;
    }
  }
}

TEST(Help, ThresholdsNameTheirRange) {
  const auto command = run_entry.make();
  for (const OptionGroup& group : option_groups(*command)) {
    for (const auto& option : group.options) {
      const std::string value = value_text(*option);
      const std::size_t mark = value.find(" (=");
      const bool is_number = mark != std::string::npos &&
                             std::isdigit(static_cast<unsigned char>(value[mark + 3])) != 0 &&
                             value.find(',') == std::string::npos;
      if (is_number) {
        EXPECT_THAT(option->description(), HasSubstr("..")) << option->long_name();
      }
    }
  }
}

TEST(Help, SaysWhatACommandIsAbout) {
  EXPECT_THAT(help(status_entry, HelpLength::groups), HasSubstr("somebody should look"));
  EXPECT_THAT(help(status_entry, HelpLength::brief), Not(HasSubstr("somebody should look")));
}

TEST(OptionText, NamesAndValue) {
  const auto common = common_options();
  EXPECT_EQ(option_text(*common.find_nothrow("quiet", false)), "-q, --quiet");
  EXPECT_EQ(option_text(*common.find_nothrow("threads", false)), "--threads N (=0)");
  EXPECT_EQ(option_text(*common.find_nothrow("help-all", false)), "--help-all");
  EXPECT_EQ(option_text(*common.options().front()), "-h");
}

}  // namespace
}  // namespace pitwatch::tools
