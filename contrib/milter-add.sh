# SPDX-License-Identifier: BSD-2-Clause
# What postfix-add and sendmail-add have in common; read by both.

name=${0##*/}
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() {
    printf '%s: %s\n' "$name" "$*" >&2
}

refuse() {      # $1: what and where; $2: what to do by hand
    say "$1; nothing was changed"
    say "by hand: $2"
    exit 65
}

# The comment at the head of the program.
usage() {       # $1: the exit status
    sed -n '3,/^$/{/^#$/,$d;s/^# \{0,1\}//p}' "$0" >&2
    exit "$1"
}

# Sets dry and remove (empty: no), config (empty: the MTA's own folder) and the
# array asked, bonafided's arguments.
read_options() {
    dry='' remove='' config='' asked=(-m)
    while [ $# -gt 0 ]; do
        case $1 in
        --dry-run) dry=yes ;;
        --remove) remove=yes ;;
        --config | --policy)
            [ $# -ge 2 ] || usage 64
            case $1 in
            --config) config=$2 ;;
            --policy) asked=(-m -c "$2") ;;
            esac
            shift
            ;;
        -h | --help) usage 0 ;;
        *) usage 64 ;;
        esac
        shift
    done
}

need_writable() {
    if ! [ -f "$1" ]; then
        say "there is no $1"
        exit 66
    elif ! [[ -r $1 && -w $1 && -w ${1%/*} ]]; then
        say "cannot read and write $1"
        exit 77
    fi
    [ -z "$(tail -c 1 "$1")" ] ||
        refuse "the last line of $1 has no end" 'end it with a newline'
}

# Sets where the MTA reaches bonafided, path or else host and port; how many
# seconds it must wait for an answer: what comes within reply-within, and then
# as much as makes the 30 s that the manual names of the default; the user that
# bonafided serves as, and its policy file.
ask_bonafided() {
    local told listen within
    command -v bonafided > /dev/null || {
        say 'there is no bonafided here: is it installed?'
        exit 69
    }
    told=$(bonafided "${asked[@]}")
    listen=$(sed -n 's/^listen=//p' <<< "$told")
    within=$(sed -n 's/^reply-within=\([0-9]*\)ms$/\1/p' <<< "$told")
    seconds=$(((within + 999) / 1000 + 22))
    user=$(sed -n 's/^user=//p' <<< "$told")
    policy=$(sed -n 's/^file=//p' <<< "$told")
    path='' host='' port=''
    if [[ $listen =~ ^unix:(/[A-Za-z0-9_./-]+)$ ]]; then
        path=${BASH_REMATCH[1]}
    elif [[ $listen =~ ^inet6?:([0-9]+)@\[?([A-Za-z0-9.:-]+)\]?$ ]]; then
        port=${BASH_REMATCH[1]} host=${BASH_REMATCH[2]}
        case $host in
        0.0.0.0) host=127.0.0.1 ;;
        ::) host=::1 ;;
        esac
    else
        refuse "cannot tell the mail server of the listener '$listen'" \
            'write it with letters, digits, and no more than _ . : / -'
    fi
}

# Folders for drafts, each beside its file and so on the same disk; gone at the
# end.
drafts_made=()
make_drafts() {         # $1: the file; sets drafts
    drafts=$(mktemp -d "$1.XXXXXX")
    drafts_made+=("$drafts")
    trap 'rm -rf "${drafts_made[@]}"' EXIT
}

nothing_to_change() {
    say 'nothing to change'
    exit 0
}

# Words for who stays with a port.
note_of_port() {
    case $host in
    127.* | ::1 | localhost)
        say "note: any user of this machine can connect to port $port and" \
            "cause callouts; to have a unix socket, take 'listen' out of" \
            "$policy, restart bonafided and run $name again"
        ;;
    esac
}

print_diff() {          # $1: the file; $2: its draft; then options of diff
    local file=$1 draft=$2
    shift 2
    diff -u "$@" --label "$file" --label "$file (new)" "$file" "$draft" ||
        [ $? -eq 1 ]
}
