#!/bin/sh
# Builds a wasm module from the C files of core/, election/ and record/: compile, then link, each by
# itself, so that no optimiser that happens to be installed changes the bytes. tapat.wasm is the
# voter's; tapat-verify.wasm is the whole verifier, which only its own page loads.
# Usage: build.sh CLANG WASM_LD ROOT WORK_DIR OUT DEPFILE
set -eu
clang=$1 ld=$2 root=$3 work=$4 out=$5 depfile=$6

core='
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
election/cast.c election/code.c election/desk.c election/enrol.c election/entry.c election/evidence.c election/key_digest.c
web/wasm/libc.c
'
case ${out##*/} in
  tapat.wasm)
    sources="$core web/wasm/exports.c"
    compile="-isystem $root/web/wasm/include"
    link='-z stack-size=262144 --export-memory --export=__heap_base'
    ;;
  tapat-verify.wasm) # threads share one memory, which the page makes
    sources="$core
      core/merkle/tiles.c core/proof/eqlog.c core/proof/sum_totals.c
      core/threshold/decrypt.c core/threshold/dkg.c
      election/board.c election/ceremony.c election/decrypt.c election/electorate.c election/fault.c election/manifest.c
      election/merge.c election/styles.c election/tally.c
      record/aggregate.c record/buffer.c record/checkpoint.c record/credentials.c record/files.c
      record/range.c record/replay.c record/results.c record/sums.c record/tiles.c record/verify.c
      web/wasm/verify/exports.c web/wasm/verify/folder.c web/wasm/verify/json.c
      web/wasm/verify/lock.c web/wasm/verify/memory.c web/wasm/verify/pool.c
      web/wasm/verify/sodium.c web/wasm/verify/text.c"
    compile="-matomics -isystem $root/web/wasm/verify/include"
    link='-z stack-size=1048576 --shared-memory --import-memory --max-memory=4294967296
      --export=__stack_pointer'
    ;;
esac
mkdir -p "$work"
objects=
for source in $sources; do
  # Speed where the time goes, size elsewhere.
  case ${out##*/}/$source in
    tapat-verify.wasm/* | */field25.c | */mul.c | */argon2id.c | */sha512.c) optimise=-O2 ;;
    *) optimise=-Oz ;;
  esac
  object=$work/$(echo "$source" | tr / _ | sed 's/c$/o/')
  # shellcheck disable=SC2086 # options without spaces
  "$clang" --target=wasm32 -std=gnu17 "$optimise" -nostdlib -ffreestanding -fno-builtin \
    -fvisibility=hidden -ffunction-sections -fdata-sections -fno-strict-aliasing -mbulk-memory \
    -DNDEBUG -ffile-prefix-map="$root"=. -I"$root" $compile \
    -Wall -Wextra -Wno-unused-parameter -Werror -MD -MT "$out" -c "$root/$source" -o "$object"
  objects="$objects $object"
done
# shellcheck disable=SC2086 # lists of names and options without spaces
"$ld" --no-entry --strip-all --gc-sections --stack-first $link $objects -o "$out.new"
mv "$out.new" "$out"
cat "$work"/*.d > "$depfile"
