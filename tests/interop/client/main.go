// Reads a board as any tlog-tiles log, with packages that know nothing of elections: the checkpoint's
// notes, every entry under its root, and that an older checkpoint is of the same log.
//
//	client URL LOG-VKEY QUORUM [WITNESS-VKEY...] [-- OLDER-CHECKPOINT-FILE...]
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strconv"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

// The log's signature and cosignatures of at least quorum witnesses.
func policy(log string, quorum int, witnesses []string) (torchwood.Policy, error) {
	v, err := note.NewVerifier(log)
	if err != nil {
		return nil, err
	}
	var who []torchwood.Policy
	for _, w := range witnesses {
		cv, err := torchwood.NewCosignatureVerifier(w)
		if err != nil {
			return nil, err
		}
		who = append(who, torchwood.SingleVerifierPolicy(cv))
	}
	return torchwood.ThresholdPolicy(3, torchwood.OriginPolicy(v.Name()),
		torchwood.SingleVerifierPolicy(v), torchwood.ThresholdPolicy(quorum, who...)), nil
}

func entries(ctx context.Context, f *torchwood.TileFetcher, tree tlog.Tree) ([32]byte, error) {
	client, err := torchwood.NewClient(f)
	if err != nil {
		return [32]byte{}, err
	}
	all, next := sha256.New(), int64(0)
	for i, e := range client.AllEntries(ctx, tree, 0) {
		if i != next {
			return [32]byte{}, fmt.Errorf("entry %d after %d", i, next-1)
		}
		next++
		all.Write(e)
	}
	if client.Err() != nil {
		return [32]byte{}, client.Err()
	}
	if next != tree.N {
		return [32]byte{}, fmt.Errorf("%d entries of %d", next, tree.N)
	}
	return [32]byte(all.Sum(nil)), nil
}

// The checkpoint in a file is that of a beginning of the tree.
func older(ctx context.Context, f *torchwood.TileFetcher, p torchwood.Policy, now tlog.Tree, path string) error {
	bytes, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	old, _, err := torchwood.VerifyCheckpoint(bytes, p)
	if err != nil {
		return err
	}
	hashes := torchwood.TileHashReaderWithContext(ctx, now, f)
	proof, err := tlog.ProveTree(now.N, old.N, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, now.N, now.Hash, old.N, old.Hash)
}

func run(args []string) error {
	if len(args) < 3 {
		return errors.New("URL, LOG-VKEY and QUORUM")
	}
	quorum, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	rest := args[3:]
	var witnesses, files []string
	for i, a := range rest {
		if a == "--" {
			files = rest[i+1:]
			break
		}
		witnesses = append(witnesses, a)
	}
	p, err := policy(args[1], quorum, witnesses)
	if err != nil {
		return err
	}
	ctx := context.Background()
	f, err := torchwood.NewTileFetcher(args[0])
	if err != nil {
		return err
	}
	signed, err := f.ReadEndpoint(ctx, "checkpoint")
	if err != nil {
		return err
	}
	c, n, err := torchwood.VerifyCheckpoint(signed, p)
	if err != nil {
		return err
	}
	sum, err := entries(ctx, f, c.Tree)
	if err != nil {
		return err
	}
	for _, path := range files {
		if err := older(ctx, f, p, c.Tree, path); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	fmt.Printf("%d entries, %d signatures, SHA-256 of all %x\n", c.N, len(n.Sigs), sum)
	return nil
}
