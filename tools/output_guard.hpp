#pragma once
// Where outputs may be written: not over what a command reads, not into a nightly state, not over what is no file.

#include <boost/program_options.hpp>
#include <initializer_list>
#include <string>
#include <string_view>

namespace pitwatch::tools {

/// The file that an option says is to be written, behind links; empty where it is not given. Throws ConfigError naming
/// the option where the folder that it is to lie in is not there, where something lies there that is no regular file,
/// and where it is a file that another option names, one of a nightly state, or metadata (JSON, XML) or an archive in
/// the folder of --source.
std::string out_file_option(const boost::program_options::variables_map& values, const std::string& option = "out");

/// The same of a path that the option names in another way.
std::string checked_out_file(const boost::program_options::variables_map& values, const std::string& option,
                             const std::string& path);

/// Of these things only that the file is one that would be lost, not whether it can be written: for what a run is not
/// to fail for.
void refuse_lost(const boost::program_options::variables_map& values, const std::string& option,
                 const std::string& path);

/// The same of files of such names in a folder.
void refuse_lost_in(const boost::program_options::variables_map& values, const std::string& option,
                    const std::string& folder, std::initializer_list<std::string_view> names);

/// For folders into which files are written under names of their own. Throws ConfigError for a nightly state.
void check_out_folder(const std::string& option, const std::string& path);

}  // namespace pitwatch::tools
