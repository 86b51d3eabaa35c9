# shellcheck shell=bash
# Sourced first by every script of this folder. Resets settings of the environment that change the
# behaviour of bash and of called programs.
unset CDPATH GREP_OPTIONS GREP_COLORS POSIXLY_CORRECT TAR_OPTIONS GZIP LS_COLORS COLUMNS
# Ranges of letters, decimal points and messages differ between locales.
unset LANGUAGE
export LC_ALL=C
IFS=$' \t\n'
# Options are inherited through SHELLOPTS and BASHOPTS, and ours would be passed on to called
# scripts.
export -n SHELLOPTS BASHOPTS
set +o noclobber +o noglob +o posix +o verbose +o xtrace +o keyword
shopt -u failglob nullglob nocaseglob nocasematch xpg_echo dotglob lastpipe
