#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "tools/help.hpp"
#include "tools/pages.hpp"

namespace pitwatch::tools {
namespace {

namespace po = boost::program_options;

enum class ValueKind { none, folder, file, words, other };

struct OptionValue {
  ValueKind kind = ValueKind::none;
  std::string words;  // "on off"
};

/// What can follow an option, by the name that its value goes by: "DIR", "FILE.zip", "on|off", "N".
OptionValue value_of(const po::option_description& option) {
  const std::string text = value_text(option);
  if (text.empty()) return {};
  const std::string name = text.substr(0, text.find(" (="));
  const auto has = [&](std::string_view part) { return name.find(part) != std::string::npos; };
  const auto is_word = [](char c) { return std::islower(static_cast<unsigned char>(c)) != 0 || c == '|' || c == '-'; };
  if (has("|") && std::all_of(name.begin(), name.end(), is_word)) {
    std::string words = name;
    std::replace(words.begin(), words.end(), '|', ' ');
    return {ValueKind::words, words};
  }
  if (name == "DIR") return {ValueKind::folder, {}};
  for (const std::string_view file : {"FILE", "DIR", "PATH", "SCENE", "SOURCE", "STATE", ".pem"}) {
    if (has(file)) return {ValueKind::file, {}};
  }
  return {ValueKind::other, {}};
}

/// In single quotes of a shell.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// The names of an option on a command line: --out, -o.
std::vector<std::string> names_of(const po::option_description& option) {
  std::vector<std::string> names;
  const std::string text = option_text(option);
  if (text.size() >= 2 && text[1] != '-') names.push_back(text.substr(0, 2));
  if (option.long_name().size() > 1) names.push_back("--" + option.long_name());
  return names;
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

/// What stands in brackets of a specification of zsh's _arguments.
std::string zsh_meaning(const std::string& meaning) {
  std::string out;
  for (const char c : meaning) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(const OptionValue& value) {
  switch (value.kind) {
    case ValueKind::none:
      return {};
    case ValueKind::folder:
      return ":folder:_files -/";
    case ValueKind::file:
      return ":file:_files";
    case ValueKind::words:
      return ":value:(" + value.words + ")";
    case ValueKind::other:
      break;
  }
  return ":value: ";
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const CommandEntry* entry : all_commands()) names.emplace_back(entry->name);
  return names;
}

std::vector<std::string> action_names(const CommandEntry& entry) {
  std::vector<std::string> names;
  for (const CommandEntry* action : entry.actions) names.emplace_back(action->name);
  return names;
}

constexpr std::string_view bash_rest = R"END(
_pitwatch() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} call=${COMP_WORDS[1]} candidate
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "$(_pitwatch_commands) help --help --version" -- "$word")
    return
  fi
  if [[ $call == help ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_pitwatch_commands)" -- "$word")
    return
  fi
  local actions
  actions=$(_pitwatch_actions "$call")
  if [[ -n $actions ]]; then
    local action=
    for candidate in "${COMP_WORDS[@]:2:COMP_CWORD-2}"; do
      if [[ " $actions " == *" $candidate "* ]]; then action=$candidate; break; fi
    done
    if [[ -z $action ]]; then
      mapfile -t COMPREPLY < <(compgen -W "$actions --help" -- "$word")
      return
    fi
    call="$call $action"
  fi
  # "--gate=on" is three words to bash.
  if [[ $word == '=' ]]; then
    word=
  elif [[ $before == '=' ]]; then
    before=${COMP_WORDS[COMP_CWORD-2]}
  fi
  if [[ $before == -* ]]; then
    local value
    value=$(_pitwatch_value "$call" "$before")
    case $value in
      folder) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
      file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
      other) return ;;
      words\ *) mapfile -t COMPREPLY < <(compgen -W "${value#words }" -- "$word"); return ;;
    esac
  fi
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_pitwatch_options "$call")" -- "$word")
  else
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}

complete -F _pitwatch pitwatch
)END";

constexpr std::string_view zsh_rest = R"END(
_pitwatch() {
  local call=${words[2]}
  if (( CURRENT == 2 )); then
    _pitwatch_commands
    return
  fi
  if [[ $call == help ]]; then
    _pitwatch_commands
    return
  fi
  shift words
  (( CURRENT-- ))
  if (( ${+functions[_pitwatch_actions_$call]} )); then
    if (( CURRENT == 2 )); then
      _pitwatch_actions_$call
      return
    fi
    call="$call ${words[2]}"
    shift words
    (( CURRENT-- ))
  fi
  _pitwatch_options $call
}

_pitwatch "$@"
)END";

}  // namespace

std::string bash_completion() {
  std::string options;
  std::string values;
  for (const Call& call : all_calls()) {
    const std::unique_ptr<Command> command = call.entry->make();
    std::vector<std::string> names;
    for (const OptionGroup& group : option_groups(*command)) {
      for (const auto& option : group.options) {
        const std::vector<std::string> own = names_of(*option);
        names.insert(names.end(), own.begin(), own.end());
        const OptionValue value = value_of(*option);
        if (value.kind == ValueKind::none) continue;
        const char* const kind = value.kind == ValueKind::folder  ? "folder"
                                 : value.kind == ValueKind::file  ? "file"
                                 : value.kind == ValueKind::words ? "words "
                                                                  : "other";
        for (const std::string& name : own) {
          values += "    " + quoted(call.name + " " + name) + ") echo " + quoted(kind + value.words) + " ;;\n";
        }
      }
    }
    options += "    " + quoted(call.name) + ") echo " + quoted(joined(names, " ")) + " ;;\n";
  }
  std::string actions;
  for (const CommandEntry* entry : all_commands()) {
    if (entry->actions.empty()) continue;
    actions += "    " + quoted(entry->name) + ") echo " + quoted(joined(action_names(*entry), " ")) + " ;;\n";
  }
  return "# bash completion for pitwatch; written by its build from its table of commands.\n\n_pitwatch_commands() { "
         "echo " +
         quoted(joined(command_names(), " ")) + "; }\n\n_pitwatch_actions() {\n  case $1 in\n" + actions +
         "  esac\n}\n\n_pitwatch_options() {\n  case $1 in\n" + options +
         "  esac\n}\n\n# What follows an option of a command.\n_pitwatch_value() {\n  case \"$1 $2\" in\n" + values +
         "  esac\n}\n" + std::string(bash_rest);
}

std::string zsh_completion() {
  const auto list = [](const std::string& function, std::span<const CommandEntry* const> entries) {
    std::string text = function + "() {\n  local -a known=(\n";
    for (const CommandEntry* entry : entries) {
      text += "    " + quoted(std::string(entry->name) + ":" + std::string(entry->summary)) + "\n";
    }
    return text + "  )\n  _describe command known\n}\n\n";
  };
  std::string text =
      "#compdef pitwatch\n# zsh completion for pitwatch; written by its build from its table of commands.\n\n";
  text += list("_pitwatch_commands", all_commands());
  for (const CommandEntry* entry : all_commands()) {
    if (!entry->actions.empty()) text += list("_pitwatch_actions_" + std::string(entry->name), entry->actions);
  }
  text += "_pitwatch_options() {\n  case \"$*\" in\n";
  for (const Call& call : all_calls()) {
    const std::unique_ptr<Command> command = call.entry->make();
    text += "    " + quoted(call.name) + ") _arguments -s";
    for (const OptionGroup& group : option_groups(*command)) {
      for (const auto& option : group.options) {
        const std::string meaning = option->description().substr(0, option->description().find("; "));
        const OptionValue value = value_of(*option);
        for (const std::string& name : names_of(*option)) {
          text += " \\\n      " + quoted("*" + name + "[" + zsh_meaning(meaning) + "]" + zsh_action(value));
        }
      }
    }
    text += " \\\n      '*:file:_files' ;;\n";
  }
  return text + "  esac\n}\n" + std::string(zsh_rest);
}

}  // namespace pitwatch::tools
