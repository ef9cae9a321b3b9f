#pragma once
// The INI file of --config. One file serves several commands:
//
//     threads = 4               # what stands before the first section, or in [common]: of all commands that have it
//     [run]
//     sites = /etc/pitwatch/sites.geojson
//     [alerts]                  # of all actions of alerts
//     [alerts list]             # of one
//
// A key in a command's own section goes before the same in a wider one. '#' begins a comment.

#include <boost/program_options.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pitwatch::tools {

/// What the file says for the command called `call` ("run", "alerts list"; empty: for none by name) with the options
/// `known`, narrowest section first: of values given in several, the first counts. Keys of a command's sections must be
/// options of it; common keys that are options of other commands alone are passed over; sections of other commands are
/// not looked into. Throws ConfigError naming file and line for other keys and sections, and for what cannot be read.
std::vector<boost::program_options::parsed_options> read_config_file(
    const std::string& path, std::string_view call, const boost::program_options::options_description& known);

}  // namespace pitwatch::tools
