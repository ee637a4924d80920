#!/bin/sh
# Builds the wasm core from the C files of core/ and election/: compile, then link, each by itself,
# so that no optimiser that happens to be installed changes the bytes.
# Usage: build.sh CLANG WASM_LD ROOT WORK_DIR OUT DEPFILE
set -eu
clang=$1 ld=$2 root=$3 work=$4 out=$5 depfile=$6

sources='
core/base/base.c
core/base/declassify.c
core/group/ed25519.c core/group/field.c core/group/field25.c core/group/group.c
core/group/hashing.c core/group/msm.c core/group/mul.c core/group/point.c core/group/portable.c
core/group/ristretto.c core/group/scalar.c
core/hash/argon2id.c core/hash/blake2b.c core/hash/sha256.c core/hash/sha256_pick_portable.c core/hash/sha512_pick_portable.c
core/hash/sha512.c core/hash/transcript.c
core/merkle/note.c core/merkle/tree.c
core/proof/batch.c core/proof/schnorr.c core/proof/sum.c core/proof/sum_prove.c
core/proof/sum_verify.c
election/cast.c election/code.c election/enrol.c election/entry.c election/key_digest.c
web/wasm/exports.c web/wasm/libc.c
'
mkdir -p "$work"
objects=
for source in $sources; do
  # Speed where the time goes, size elsewhere.
  case $source in
    */field25.c | */mul.c | */argon2id.c | */sha512.c) optimise=-O2 ;;
    *) optimise=-Os ;;
  esac
  object=$work/$(echo "$source" | tr / _ | sed 's/c$/o/')
  "$clang" --target=wasm32 -std=gnu17 "$optimise" -nostdlib -ffreestanding -fno-builtin -fvisibility=hidden \
    -ffunction-sections -fdata-sections -fno-strict-aliasing -mbulk-memory -DNDEBUG \
    -ffile-prefix-map="$root"=. -I"$root" -isystem "$root/web/wasm/include" \
    -Wall -Wextra -Wno-unused-parameter -Werror -MD -MT "$out" -c "$root/$source" -o "$object"
  objects="$objects $object"
done
# shellcheck disable=SC2086 # a list of names without spaces
"$ld" --no-entry --strip-all --gc-sections --stack-first -z stack-size=262144 \
  --export-memory --export=__heap_base $objects -o "$out.new"
mv "$out.new" "$out"
cat "$work"/*.d > "$depfile"
