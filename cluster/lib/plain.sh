# shellcheck shell=bash
# To be sourced first by every script of this folder: takes back what the environment may have
# changed in bash and in the programs that scripts call, so that all of them read and print alike.
unset CDPATH GREP_OPTIONS GREP_COLORS POSIXLY_CORRECT TAR_OPTIONS GZIP LS_COLORS COLUMNS
# Ranges of letters, decimal points and messages differ between locales.
unset LANGUAGE
export LC_ALL=C
IFS=$' \t\n'
# Options come along in SHELLOPTS and BASHOPTS, and ours would go on to the scripts that are called.
export -n SHELLOPTS BASHOPTS
set +o noclobber +o noglob +o posix +o verbose +o xtrace +o keyword
shopt -u failglob nullglob nocaseglob nocasematch xpg_echo dotglob lastpipe
