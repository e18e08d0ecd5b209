package web

import (
	"bytes"
	"fmt"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/papers"
)

// What is reported comes as JSON or as a table; which of them says the request.
var _ = bind(calls.PostTelemetry, func(s *Server, q *request, in calls.Telemetry) (any, error) {
	if q.table {
		return s.svc.TakeTable(q.Context(), q.ask(), in)
	}
	return s.svc.TakeTelemetry(q.Context(), q.ask(), in)
})

// A series is exported whole or refused.
var _ = bind(calls.ExportSeries, func(s *Server, q *request, in calls.SeriesExport) (any, error) {
	table, err := s.svc.SeriesTable(q.Context(), q.ask(), in)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	write, ending, media := table.CSV, "csv", calls.CSVMedia+"; charset=utf-8"
	if in.Format == "xlsx" {
		write, ending, media = table.XLSX, "xlsx", papers.XLSXMedia
	}
	if err := write(&b); err != nil {
		return nil, err
	}
	day := func(at time.Time) string { return at.In(alerts.Shanghai()).Format("20060102") }
	name := fmt.Sprintf("%s-%s-%s-%s.%s", table.Point, table.Step, day(table.From), day(table.To), ending)
	return file{name: name, media: media, data: b.Bytes()}, nil
})
