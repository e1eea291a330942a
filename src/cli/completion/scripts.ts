/**
 * Completion scripts by shell. Each calls `tbox __complete`, which prints lines of a word, a tab and a description, or
 * `:files` for the shell's own completion of files.
 */
export const scripts = {
  bash: `# bash completion of tbox:  source <(tbox completion bash)
_tbox() {
  local typed=\${COMP_LINE:0:COMP_POINT} line
  local current=\${typed##*[[:space:]]}
  # bash splits words at : and = and expects candidates without the part before them.
  local cut=\${current%"\${current##*[:=]}"}
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then compopt -o default; return; fi
    line=\${line%%$'\\t'*}
    COMPREPLY+=("\${line#"$cut"}")
  done < <(tbox __complete --line "$typed" 2>/dev/null)
}
complete -F _tbox tbox
`,
  zsh: `#compdef tbox
# zsh completion of tbox:  source <(tbox completion zsh)
_tbox() {
  local -a lines entries
  local line
  lines=("\${(@f)$(tbox __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $lines[1] == :files ]]; then _files; return; fi
  for line in $lines; do
    [[ -n $line ]] && entries+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe -t words tbox entries
}
compdef _tbox tbox
# In a directory of fpath, the shell runs this file as the function itself.
if [[ $funcstack[1] == _tbox ]]; then _tbox "$@"; fi
`,
  fish: `# fish completion of tbox:  tbox completion fish | source
function __tbox_complete
  set -l lines (tbox __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
  if test "$lines[1]" = :files
    __fish_complete_path (commandline -ct)
  else
    string join \\n -- $lines
  end
end
complete -c tbox -f -a '(__tbox_complete)'
`,
};
