#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "tools/help.hpp"
#include "tools/pages.hpp"

namespace pitwatch::tools {
namespace {

constexpr std::size_t width = 78;

/// A word in the language of the pages.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// Prose in lines that are not too long, each sentence on lines of its own, none of which is taken for a macro.
std::string prose(std::string_view text) {
  std::string out;
  std::string line;
  const auto end_line = [&] {
    if (!line.empty()) out += line + "\n";
    line.clear();
  };
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find(' ', from), text.size());
    // A hyphen within a word may stay one; that of an option is a minus, which can be copied.
    const std::string_view raw = text.substr(from, end - from);
    std::string word = raw.find("--") != std::string_view::npos ? escaped(raw) : std::string();
    if (word.empty()) {
      for (const char c : raw) word += c == '-' ? std::string("-") : escaped(std::string_view(&c, 1));
    }
    from = end + 1;
    if (word.empty()) continue;
    if (!line.empty() && line.size() + 1 + word.size() > width) end_line();
    if (!line.empty()) line += ' ';
    line += line.empty() && (word[0] == '.' || word[0] == '\\') ? "\\&" + word : word;
    if (raw.ends_with('.') && raw != "e.g." && raw != "...") end_line();
  }
  end_line();
  return out;
}

std::string head(std::string_view name, const PageOrigin& origin) {
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return ".\\\" Written by the build of pitwatch from its table of commands.\n.TH \"" + escaped(upper) + "\" 1 \"" +
         origin.date + "\" \"pitwatch " + escaped(origin.version) + "\" \"Pitwatch\"\n.SH NAME\n" + escaped(name) +
         " \\-\n";
}

std::string option_item(const boost::program_options::option_description& option) {
  std::string names;
  const std::string text = option_text(option);
  const std::string value = value_text(option);
  names = text.substr(0, text.size() - (value.empty() ? 0 : value.size() + 1));
  std::string item = ".TP\n\\fB" + escaped(names) + "\\fR";
  if (!value.empty()) {
    const std::size_t mark = std::min(value.find(" (="), value.size());
    item += " \\fI" + escaped(value.substr(0, mark)) + "\\fR" + escaped(value.substr(mark));
  }
  return item + "\n" + prose(option.description());
}

std::string exit_section() {
  std::string text = ".SH EXIT STATUS\n";
  for (const ExitMeaning& exit : exit_meanings()) {
    text += ".TP\n.B " + std::string(exit.code) + "\n" + prose(exit.meaning);
  }
  return text;
}

constexpr std::string_view sources_of_options =
    "Options come from the command line, from the file that --config or PITWATCH_CONFIG names, and from environment "
    "variables, in that order: PITWATCH_MIN_AREA_HA=0.3 is --min-area-ha 0.3. No file is read unless it is named. The "
    "file "
    "has lines NAME = VALUE; those before its first section and in [common] are for all commands that have the option, "
    "those in a section such as [run], [alerts] or [alerts list] for that command.";

}  // namespace

std::string page_name(const Call& call) {
  std::string name = "pitwatch-" + call.name;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string program_page(const PageOrigin& origin) {
  std::string text = head("pitwatch", origin) + "watches mineral deposits for newly disturbed ground\n";
  text +=
      ".SH SYNOPSIS\n.B pitwatch\n.I COMMAND\n[options]\n.br\n.B pitwatch\n.I COMMAND\n.BR \\-h \" | \" \\-\\-help \" "
      "| \" "
      "\\-\\-help\\-all\n.br\n.B pitwatch \\-\\-version\n.SH DESCRIPTION\n";
  text += prose(
      "Follows each pixel of a site through the Sentinel-2 archive, or compares two scenes, and reports polygons of "
      "what "
      "was dug, dumped, flooded or built, each with its evidence: when it began, how large it is, what kind of change "
      "it "
      "is, how sure that is, and which scenes show it.");
  text += ".SH COMMANDS\n";
  for (const Call& call : all_calls()) {
    text += ".TP\n.BR " + escaped(page_name(call)) + " (1)\n" + prose(call.entry->summary);
  }
  text += ".SH CONFIGURATION\n" + prose(sources_of_options);
  text += exit_section();
  text += ".SH FILES\n.TP\n.I /etc/pitwatch/pitwatch.conf\n" +
          prose("Options of the nightly job, where the package's units run it.") + ".TP\n.I /var/lib/pitwatch\n" +
          prose("Its scenes, state and results. The state is evidence: removing the package leaves it.") +
          ".TP\n.I /usr/share/doc/pitwatch\n" + prose("How to set it up, and how to read what it writes.");
  return text;
}

std::string command_page(const Call& call, const PageOrigin& origin) {
  std::string text = head(page_name(call), origin) + prose(call.entry->summary);
  text += ".SH SYNOPSIS\n.B pitwatch\n" + prose(call.entry->usage);
  if (!call.entry->about.empty()) text += ".SH DESCRIPTION\n" + prose(call.entry->about);
  text += ".SH OPTIONS\n";
  const std::unique_ptr<Command> command = call.entry->make();
  for (const OptionGroup& group : option_groups(*command)) {
    text += ".SS " + group.title + "\n";
    for (const auto& option : group.options) text += option_item(*option);
  }
  text += ".SH CONFIGURATION\n" + prose(sources_of_options);
  return text + exit_section() + ".SH SEE ALSO\n.BR pitwatch (1)\n";
}

}  // namespace pitwatch::tools
