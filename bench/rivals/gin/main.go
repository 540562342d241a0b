// Command gin stands in for pREST, whose module cannot be had: an API in Go that makes
// a page as pREST does, by json_agg in Postgres over a table of plain columns, with a
// pool and prepared statements. It prints its address.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal("gin: ", err)
	}
}

const page = `
	SELECT coalesce(json_agg(s.doc), '[]')::text FROM (
		SELECT e.doc
		FROM rival.event_country c JOIN rival.event e ON e.id = c.event_id
		WHERE c.country = $1 AND c.sort_date <= $3::text::date AND c.end_date >= $2::text::date
		ORDER BY c.sort_date, c.event_id
		LIMIT 50
	) s`

func run(ctx context.Context) error {
	config, err := pgxpool.ParseConfig("") // PGHOST and so on say where
	if err != nil {
		return err
	}
	config.MaxConns = 8
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.GET("/events", func(c *gin.Context) {
		var rows []byte
		err := pool.QueryRow(c.Request.Context(), page, c.Query("country"), c.DefaultQuery("from", "-infinity"), c.DefaultQuery("to", "infinity")).Scan(&rows)
		if err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		c.Data(http.StatusOK, "application/json; charset=utf-8", rows)
	})
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("serves at http://%s\n", listener.Addr())
	return http.Serve(listener, router)
}
