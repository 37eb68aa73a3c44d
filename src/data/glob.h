// Patterns of paths that no shell has expanded: * ? and [...] within a name, ** for any number of folders.
#pragma once

#include <string>
#include <vector>

namespace siskin {

// What there is of that pattern, files and folders, sorted by bytes, none twice; empty if there is nothing. As in a
// shell, names that begin with a dot are only found by a pattern that names the dot, and \ takes the meaning from the
// character after it. A ** that is a part of its own (a/**/b) stands for no, one or more folders; it enters no hidden
// folders and each folder once, whatever links lead to it, and no link to a folder above. One at the end (a/**) stands
// for all that is in the folder before it, which is found in its place: "a", or "" for the working folder.
std::vector<std::string> ExpandGlob(const std::string& pattern);

}  // namespace siskin
