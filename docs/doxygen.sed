# doxygen.sed: turns comments of the headers into doxygen's: the first one is about the file, one that
# begins a line about what follows it, one behind a field or a value about that. Headings stay as
# they are: "/* ----", and within the structs of C "/* inputs */" and the like.
1s|^/\* |/** @file\n * |
1b
/\/\* --/b
s|^/\* |/** |
s|\([,;]\) *\(/\*\) |\1 /**< |
/^ *\/\* [A-Z]/s|/\* |/** |
