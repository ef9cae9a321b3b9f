#pragma once
// Options of the commands that watch sites: what decides the result, and where sites and scenes are.

#include <boost/program_options.hpp>
#include <span>
#include <string>
#include <string_view>

#include "pipeline/record/manifest.hpp"
#include "pipeline/watch/watch.hpp"

namespace pitwatch::tools {

/// --sites, --source and the options of sources on the network.
void add_input_options(boost::program_options::options_description& description);

/// --elevation, and how light on slopes, angles of view and levels are corrected.
void add_light_options(boost::program_options::options_description& description);

/// --buffer-m, --history-days, every threshold, --offset-check and --gate, what is masked, and what is done about
/// light.
void add_monitor_options(boost::program_options::options_description& description);

/// --feature NAME=FORMULA, as often as there are features beside those that are always there.
void add_feature_option(boost::program_options::options_description& description);
/// `taken`: names of features that ground is judged by anyway. Throws as ExtraFeatures.
ExtraFeatures read_features(const boost::program_options::variables_map& values,
                            std::span<const std::string_view> taken);

/// What both of the above say, and threads and memory of the common options. Throws ConfigError naming the option;
/// `command` is for the hint.
WatchOptions read_watch_options(const boost::program_options::variables_map& values, const std::string& command);

/// The same where sites and source may be left out. `recorded`: options of a run as its manifest has them, which count
/// where none is given, as those of --options-of do. Throws ConfigError also where such a run had options that have to
/// be given by hand.
WatchOptions read_derive_options(const boost::program_options::variables_map& values, const NamedTexts& recorded = {});

/// The value of an option that must be given; `what` is how the hint names it, e.g. "--out DIR".
std::string required_option(const boost::program_options::variables_map& values, const std::string& option,
                            const std::string& what, const std::string& command);

}  // namespace pitwatch::tools
