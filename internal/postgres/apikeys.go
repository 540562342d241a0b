package postgres

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// APIKey is a key as it is stored: everything but the key itself.
type APIKey = timeline.APIKey

// CreateKey stores the SHA-256 of a key. Keys are long random texts, so a plain
// hash is enough: there is nothing to guess.
func (s *Store) CreateKey(ctx context.Context, name string, scopes []string, key string) (int64, error) {
	hash := sha256.Sum256([]byte(key))
	var id int64
	err := s.queryRow(ctx, `
		INSERT INTO api_key (name, scopes, hash, created_at) VALUES (@name, @scopes, @hash, @now) RETURNING id`,
		pgx.NamedArgs{"name": name, "scopes": scopes, "hash": hash[:], "now": s.now().UTC()}, &id)
	return id, err
}

// Keys lists every key, oldest first.
func (s *Store) Keys(ctx context.Context) ([]APIKey, error) {
	var keys []APIKey
	err := s.readWithin(ctx, errNoAnswer, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT id, name, scopes, created_at, last_used_at, revoked_at FROM api_key ORDER BY id`)
		if err != nil {
			return err
		}
		keys, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (k APIKey, err error) {
			err = row.Scan(&k.ID, &k.Name, &k.Scopes, &k.CreatedAt, &k.LastUsed, &k.RevokedAt)
			inUTC(&k)
			return k, err
		})
		return err
	})
	return keys, err
}

func inUTC(k *APIKey) {
	for _, at := range []*time.Time{&k.CreatedAt, k.LastUsed, k.RevokedAt} {
		if at != nil {
			*at = at.UTC()
		}
	}
}

// RevokeKey ends a key and gives its name. It is KindNotFound when there is no such
// key in force.
func (s *Store) RevokeKey(ctx context.Context, id int64) (string, error) {
	var name string
	err := s.queryRow(ctx, `
		UPDATE api_key SET revoked_at = @now WHERE id = @id AND revoked_at IS NULL RETURNING name`,
		pgx.NamedArgs{"id": id, "now": s.now().UTC()}, &name)
	return name, err
}

// Authenticate finds the key that a client showed, and notes its use once a minute.
// It is looked up by its hash, and the hashes are compared in constant time: how long
// that takes tells nothing about the key. It is KindUnauthorized when the key is
// unknown or revoked.
func (s *Store) Authenticate(ctx context.Context, key string) (APIKey, error) {
	hash := sha256.Sum256([]byte(key))
	now := s.now().UTC()
	var k APIKey
	var stored []byte
	err := s.queryRow(ctx, `
		SELECT id, name, scopes, created_at, last_used_at, hash FROM api_key WHERE hash = @hash AND revoked_at IS NULL`,
		pgx.NamedArgs{"hash": hash[:]}, &k.ID, &k.Name, &k.Scopes, &k.CreatedAt, &k.LastUsed, &stored)
	var e *timeline.Error
	if errors.As(err, &e) && e.Kind == timeline.KindNotFound || err == nil && subtle.ConstantTimeCompare(stored, hash[:]) != 1 {
		return APIKey{}, timeline.Errorf(timeline.KindUnauthorized, "This key is not known, or was revoked.")
	}
	if err != nil {
		return APIKey{}, err
	}
	inUTC(&k)
	if k.LastUsed == nil || now.Sub(*k.LastUsed) >= time.Minute {
		// A note that fails refuses nobody: the key is good.
		_ = s.readWithin(ctx, errNoAnswer, func(ctx context.Context, conn *pgxpool.Conn) error {
			_, err := conn.Exec(ctx, `UPDATE api_key SET last_used_at = @now WHERE id = @id`, pgx.NamedArgs{"now": now, "id": k.ID})
			return err
		})
	}
	return k, nil
}
