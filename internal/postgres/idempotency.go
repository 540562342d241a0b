package postgres

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Answer is what a request with an Idempotency-Key was answered.
type Answer = timeline.Answer

// idempotencyLife is how long an answer is kept to be given again.
const idempotencyLife = 24 * time.Hour

// onceKey is under what a context has the transaction of Once.
type onceKey struct{}

// onceTx is that transaction. The revision that was taken in it counts when it is
// committed, and not before.
type onceTx struct {
	tx pgx.Tx
	at stamp
}

// inside runs a write within the transaction.
func (o *onceTx) inside(ctx context.Context, write func(ctx context.Context, tx pgx.Tx) (at stamp, changed bool, err error)) error {
	tx, err := o.tx.Begin(ctx)
	if err != nil {
		return translate(ctx, err)
	}
	defer rollBack(ctx, tx)
	at, changed, err := write(ctx, tx)
	if err != nil || !changed {
		return translate(ctx, err)
	}
	if err := tx.Commit(ctx); err != nil {
		return translate(ctx, err)
	}
	o.at = at
	return nil
}

// Once gives the answer that a key's request got before; else it runs do and keeps
// its answer. Requests with one key run one after the other, so that two that
// arrive together are done once. It is KindIdempotencyMismatch when the key came
// with another body. An error of do is not kept: the request can be repeated.
//
// A write that do makes with its context is in one transaction with the kept answer:
// whenever a process is killed, both are there or neither is.
func (s *Store) Once(ctx context.Context, keyID int64, key string, bodyHash []byte, do func(ctx context.Context) (Answer, error)) (Answer, error) {
	leave, err := await(ctx, s.once, lockBudget, anotherWrite(nil))
	if err != nil {
		return Answer{}, err
	}
	defer leave()
	var answer Answer
	err = s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
		args := pgx.NamedArgs{"key_id": keyID, "key": key, "now": s.now().UTC(), "limit": lockBudget.String()}
		// A lock of this transaction: it works behind a transaction pooler too.
		if _, err := tx.Exec(ctx, limitLocks+`, pg_advisory_xact_lock(hashtextextended(@key_id::bigint::text || ' ' || @key, 1))`, args); err != nil {
			return err
		}
		var hash []byte
		err := tx.QueryRow(ctx, `
			SELECT body_hash, status, headers, body FROM idempotency
			WHERE key_id = @key_id AND key = @key AND expires_at > @now`, args).Scan(&hash, &answer.Status, &answer.Headers, &answer.Body)
		switch {
		case err == nil && bytes.Equal(hash, bodyHash):
			s.watch.doubt() // what it tells of may have been written by another instance
			return nil
		case err == nil:
			return timeline.Errorf(timeline.KindIdempotencyMismatch, "This Idempotency-Key was used with another request; take a new one.")
		case !errors.Is(err, pgx.ErrNoRows):
			return err
		}
		once := &onceTx{tx: tx}
		if answer, err = do(context.WithValue(ctx, onceKey{}, once)); err != nil {
			return err
		}
		args["hash"], args["status"], args["headers"], args["body"] = bodyHash, answer.Status, answer.Headers, answer.Body
		args["expires"] = s.now().UTC().Add(idempotencyLife)
		if _, err := tx.Exec(ctx, `
			INSERT INTO idempotency (key_id, key, body_hash, status, headers, body, expires_at)
			VALUES (@key_id, @key, @hash, @status, @headers, @body, @expires)
			ON CONFLICT (key_id, key) DO UPDATE SET body_hash = excluded.body_hash, status = excluded.status,
				headers = excluded.headers, body = excluded.body, expires_at = excluded.expires_at`, args); err != nil {
			return err
		}
		return s.commitRevision(ctx, tx, once.at)
	})
	if err != nil {
		return Answer{}, err
	}
	return answer, nil
}

// ForgetAnswers deletes the answers that have expired.
func (s *Store) ForgetAnswers(ctx context.Context) error {
	return s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		_, err := conn.Exec(ctx, `DELETE FROM idempotency WHERE expires_at <= @now`, pgx.NamedArgs{"now": s.now().UTC()})
		return err
	})
}
