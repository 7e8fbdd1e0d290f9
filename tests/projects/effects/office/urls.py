from django.urls import path

from office.views import VIEWS

urlpatterns = [path(route, view) for route, view in VIEWS.items()]
