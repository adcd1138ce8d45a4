"""What stands behind the port `crm_ingest.crm`."""
